"""Plants faults in the desk and looks whether the tests find them: `make mutate`."""
