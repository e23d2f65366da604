"""What people judge: their ratings, how far they agree, where they differ from the rubric, and who is treated how."""
