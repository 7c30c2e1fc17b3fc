"""What happens to a file between being sent and becoming a draft: it is read, checked, mended.

Reading and checking take their time, so that they are done in the background; what was found is
kept with the file. A process that ends in the middle of it loses nothing: whoever looks at the
upload next has it begun anew.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from threading import BoundedSemaphore, Lock, Thread
from typing import TYPE_CHECKING, Any

import orjson
import shapely

from .drafts import keep_draft
from .errors import AtlasError, InvalidParameter, NotFound
from .geojson import read_features
from .imports import (
    Refused,
    Told,
    read_raw_file,
)
from .publishing import layer_of
from .updates import Update, check_raw
from .upload_folder import Progress, Upload, UploadFolder, group_parts
from .upload_results import (
    Checked,
    Seen,
    checked_document,
    features_document,
    read_checked,
    read_seen,
    seen_document,
    shapes_document,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from .accounts import Account
    from .catalogue import Bundle
    from .imports import Limits
    from .store import Draft, Store
    from .upload_folder import Part

__all__ = ["Checked", "Progress", "Seen", "Upload", "Uploads"]

_LOG = logging.getLogger(__name__)

_AT_ONCE = 2
"""Files that are read at the same time; the others wait their turn."""


class Uploads:
    """The files that wait.

    Parameters
    ----------
    folder : Path
    """

    def __init__(
        self, folder: Path, store: Store, bundle: Bundle, limits: Limits | None = None
    ) -> None:
        self._folder = UploadFolder(folder, limits)
        self._store = store
        self._bundle = bundle
        self._turns = BoundedSemaphore(_AT_ONCE)
        self._lock = Lock()
        self._keeping = Lock()
        self._running: dict[str, Thread] = {}

    @property
    def limits(self) -> Limits:
        """How much of a file is taken."""
        return self._folder.limits

    def add(self, parts: Sequence[Part], *, layer_id: str, by: Account) -> list[Upload]:
        """Keep what somebody sends, and begin to read it.

        Parameters
        ----------
        parts : sequence of (name, stream)
            The parts of a Shapefile become one upload, every other file one of its own.

        Raises
        ------
        NotFound
            If there is no such layer.
        Refused
            If a file is too large.
        InvalidParameter
            If there is no file, or somebody has too many that wait.
        StoreUnavailable
            If the disk does not take it.
        """
        layer_of(self._bundle, layer_id)
        if not parts:
            raise InvalidParameter("files", "Choose a file first.")
        made: list[Upload] = []
        try:
            for group in group_parts([name for name, _ in parts]):
                together = [parts[i] for i in group]
                made.append(self._folder.add(together, owner=by.name, layer_id=layer_id))
        except AtlasError:
            for upload in made:
                self._folder.remove(upload)
            raise
        for upload in made:
            self.progress(upload)
        return made

    def list(self, account: Account) -> list[Upload]:
        """Return what somebody may see of what waits, the newest first."""
        return [each for each in self._folder.list() if each.may_be_seen(account)]

    def get(self, upload_id: str, account: Account) -> Upload:
        """Return an upload.

        Raises
        ------
        NotFound
            If there is none, or not for them.
        """
        upload = self._folder.get(upload_id)
        if not upload.may_be_seen(account):
            raise NotFound("There is no such upload, or it has been removed.")
        return upload

    def progress(self, upload: Upload) -> Progress:
        """Return how far the work is; where nobody is at it, it is begun."""
        found = self._folder.progress(upload) or Progress("reading")
        if not found.is_over and upload.draft is None:
            self._begin(upload)
        return found

    def wait(self, upload: Upload, seconds: float) -> Progress:
        """Return how far the work is when it is over, or after some time."""
        self.progress(upload)
        thread = self._running.get(upload.run)
        if thread is not None:
            thread.join(seconds)
        return self.progress(upload)

    def seen(self, upload: Upload) -> Seen | None:
        """Return what a file says of itself; None before it is read."""
        found = self._folder.result(upload, "seen.json")
        return None if found is None else read_seen(found)

    def checked(self, upload: Upload) -> Checked | None:
        """Return what the checks found; None before they have."""
        found = self._folder.result(upload, "checked.json")
        return None if found is None else read_checked(found)

    def shapes(self, upload: Upload) -> bytes | None:
        """Return the geometry as GeoJSON in CRS84 degrees, simplified where there is much of it."""
        return self._folder.result(upload, "shapes.json")

    def tell(self, upload: Upload, layer_id: str, told: Told) -> Upload:
        """Say something else of a file; it is read again.

        Repairs that were accepted are forgotten: they belong to what was read before.

        Raises
        ------
        NotFound
            If there is no such layer.
        """
        layer_of(self._bundle, layer_id)
        if layer_id != upload.layer_id:
            told = replace(told, columns=None)
        return self._changed(upload, layer_id=layer_id, told=told, repairs={})

    def accept(self, upload: Upload, rule: str, feature_id: str | None = None) -> Upload:
        """Take the repairs that a rule proposes: of one feature, or of all; then check again.

        Raises
        ------
        InvalidParameter
            If none is proposed.
        """
        checked = self.checked(upload)
        proposed = {
            each.feature_id: dict(each.repair)
            for each in (checked.report.findings if checked else ())
            if each.rule == rule
            and each.repair is not None
            and each.feature_id is not None
            and feature_id in {None, each.feature_id}
        }
        if not proposed:
            raise InvalidParameter("repair", "No repair is proposed there any more.")
        return self._changed(upload, repairs={**upload.repairs, **proposed})

    def undo_repairs(self, upload: Upload) -> Upload:
        """Forget the repairs that were accepted; then check again."""
        return self._changed(upload, repairs={})

    def keep(self, upload: Upload, by: Account) -> Draft | None:
        """Store a file as a draft; asked for twice, there is one.

        Returns
        -------
        Draft or None
            None if a layer has moved on since the checks: they are made again first.

        Raises
        ------
        InvalidParameter
            If it is not checked yet.
        ValidationFailed
            If it has an error; nothing is stored.
        """
        with self._keeping:
            upload = self._folder.get(upload.id)
            if upload.draft is not None:
                return self._store.drafts.get(upload.layer_id, upload.draft)
            checked = self.checked(upload)
            if checked is None:
                raise InvalidParameter("upload", "The file is not checked yet.")
            checked.report.refuse_errors()
            if checked.heads != self._heads():
                self._changed(upload)
                return None
            draft = keep_draft(self._store, self._update(upload, checked), author=by.name)
            self._folder.close(upload, draft.number)
            return draft

    def discard(self, upload: Upload) -> None:
        """Throw a file away."""
        self._folder.remove(upload)

    def read_again(self, upload: Upload) -> Upload:
        """Read and check a file anew, with what is told of it."""
        return self._changed(upload)

    def _changed(self, upload: Upload, **members: Any) -> Upload:
        if upload.draft is not None:
            raise InvalidParameter("upload", "The file has become a draft.")
        changed = self._folder.change(upload, **members)
        self.progress(changed)
        return changed

    def _update(self, upload: Upload, checked: Checked) -> Update:
        layer = layer_of(self._bundle, upload.layer_id)
        number = checked.base
        base = None if number is None else self._store.revision(layer.id, number)
        return Update(
            layer,
            base,
            () if base is None else tuple(self._store.features(base)),
            tuple(read_features(self._folder.result_path(upload, "after.geojson"))),
            upload.name,
            checked.crs,
            checked.rows,
            checked.notes,
            checked.report,
        )

    def _heads(self) -> str:
        heads = self._store.heads()
        return " ".join(f"{layer_id}/{heads[layer_id].number}" for layer_id in sorted(heads))

    def _begin(self, upload: Upload) -> None:
        """Work on an upload in the background, unless this process does already.

        Another process may be at it, or have died over it. That it is done twice then does no
        harm: both find the same.
        """
        with self._lock:
            found = self._folder.progress(upload)
            if upload.run in self._running or (found is not None and found.is_over):
                return
            # A daemon, since nobody wants to wait for it when the server is to end.
            thread = Thread(target=self._work, args=(upload,), daemon=True)
            self._running[upload.run] = thread
        thread.start()

    def _work(self, upload: Upload) -> None:
        try:
            with self._turns:
                self._read_and_check(upload)
        except Refused as refusal:
            self._over(
                upload, Progress("refused", refusal.reason, refusal.sentence, refusal.choices)
            )
        except AtlasError as refusal:
            self._over(upload, Progress("refused", refusal.code, refusal.sentence))
        except Exception:  # noqa: BLE001  whatever it is, the page has to say so
            _LOG.exception("Upload %s was not read", upload.id)
            self._over(upload, Progress("failed"))
        finally:
            with self._lock:
                self._running.pop(upload.run, None)

    def _over(self, upload: Upload, progress: Progress) -> None:
        try:
            self._folder.put_progress(upload, progress)
        except OSError:
            _LOG.exception("What became of upload %s was not kept", upload.id)

    def _read_and_check(self, upload: Upload) -> None:
        if not self._folder.put_progress(upload, Progress("reading")):
            return
        layer = layer_of(self._bundle, upload.layer_id)
        content = self._folder.content(upload)
        raw = read_raw_file(content, upload.told, self._folder.limits, upload.name)
        self._put(upload, "seen.json", seen_document(raw, layer, upload.told))
        if not self._folder.put_progress(upload, Progress("checking")):
            return
        heads = self._heads()
        update = check_raw(
            self._store,
            self._bundle,
            upload.layer_id,
            raw,
            upload.told,
            source=upload.name,
            repairs={key: shapely.geometry.shape(each) for key, each in upload.repairs.items()},
        )
        self._put(upload, "shapes.json", shapes_document(update))
        if not update.report.errors:
            self._put(upload, "after.geojson", features_document(update))
        self._put(upload, "checked.json", checked_document(update, heads))
        self._folder.put_progress(upload, Progress("ready"))

    def _put(self, upload: Upload, name: str, value: Any) -> None:
        self._folder.put_result(upload, name, orjson.dumps(value))
