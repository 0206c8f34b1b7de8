"""The program folder of the demo, as it is written for the person who runs it."""
