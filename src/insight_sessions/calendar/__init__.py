"""Calendar files that every calendar understands: .ics and only .ics."""
