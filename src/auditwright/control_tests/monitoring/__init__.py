"""Control tests of what watches: trails, logs, detectors, recorders and alarms."""
