"""Many writers and readers at once."""

from __future__ import annotations

import threading

import pytest
from shapely.geometry import Point

from layers.geojson import digest
from layers.model import Feature
from layers.store import Change, Store

ROUNDS = 40
WRITERS = 8
PUBLISHES = 1_000


def test_of_eight_writers_on_one_base_exactly_one_wins(store_address, start, publisher, rounds):
    store = Store(store_address)
    publisher.publish(store, 1)
    racers = [start("race", store_address) for _ in range(WRITERS)]
    for racer in racers:
        assert racer.stdout.readline() == "ready\n"
    for number in range(1, ROUNDS * rounds + 1):
        for who, racer in enumerate(racers):
            racer.stdin.write(f"{number} w{who}\n")
        for racer in racers:
            racer.stdin.flush()
        answers = [racer.stdout.readline().strip() for racer in racers]
        won = [each for each in answers if each == f"won {number + 1}"]
        lost = [each for each in answers if each.startswith("lost")]
        assert (len(won), len(lost)) == (1, WRITERS - 1), answers
        assert all(f"at revision {number + 1} now" in each for each in lost)
        (feature,) = store.features(store.head(publisher.LAYER))
        assert answers[int(feature.properties["winner"][1:])] == won[0]
    assert list(store.faults()) == []
    store.close()


@pytest.mark.parametrize("layers", [("a", "b", "c")])
def test_a_reader_never_sees_a_publish_in_part(store_address, layers, rounds):
    """Each publish changes one layer, or two together; a reader sees it whole or not at all."""
    store = Store(store_address)
    heads = {}
    for layer in layers:
        heads[layer] = _publish(store, {layer: 0}, heads)[0]
    states = [dict(heads)]
    stop, seen, errors = threading.Event(), [], []

    def read():
        reader = Store(store_address)
        try:
            while not stop.is_set():
                heads = reader.heads()
                seen.append(heads)
                errors.extend(
                    each for each in heads.values() if digest(reader.features(each)) != each.digest
                )
        finally:
            reader.close()

    readers = [threading.Thread(target=read) for _ in range(2)]
    for each in readers:
        each.start()
    for number in range(1, PUBLISHES * rounds + 1):
        touched = [layers[number % 3]] if number % 4 else [layers[number % 3], layers[number % 2]]
        for made in _publish(store, dict.fromkeys(dict.fromkeys(touched), number), heads):
            heads[made.layer_id] = made
        states.append(dict(heads))
    stop.set()
    for each in readers:
        each.join()
    assert errors == []
    numbers = {_sequences(state): i for i, state in enumerate(states)}
    assert len({_sequences(each) for each in seen}) > 10
    assert all(_sequences(each) in numbers for each in seen), "no state that never was"
    assert list(store.faults()) == []
    store.close()


def _publish(store, numbers, heads):
    changes = [
        Change(layer, [Feature(layer, Point(117, 36.5), {"n": number})], heads.get(layer))
        for layer, number in numbers.items()
    ]
    return store.publish_together(changes, kind="publish", author="a", message="m")


def _sequences(state):
    return tuple(sorted((layer, each.sequence) for layer, each in state.items()))
