"""The control tests of Northwind Robotics itself."""
