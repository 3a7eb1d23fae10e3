"""What people can do, and what happens because time passes: one class and its rule for each."""
