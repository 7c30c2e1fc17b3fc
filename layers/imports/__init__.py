"""Read what offices send: files of many kinds, taken apart with suspicion."""
