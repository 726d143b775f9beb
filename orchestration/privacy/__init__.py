"""What is held on one person, and its removal: selection, erasure, retention, subject reports."""
