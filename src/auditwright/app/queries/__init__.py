"""Questions that people ask of an organization's state: pages and the API share them, so that they cannot disagree."""
