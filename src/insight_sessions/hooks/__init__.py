"""What plugins can do, and how they are found and kept in check."""
