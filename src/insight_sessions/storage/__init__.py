"""Where projects are kept: what a store must do, and two stores."""
