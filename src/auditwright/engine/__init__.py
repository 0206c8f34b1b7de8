"""Pure rules: from outcomes to conclusions, over items, over time."""
