"""The program folder of the cluster's account, as it is written for the person who runs the demo."""
