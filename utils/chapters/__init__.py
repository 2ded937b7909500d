"""What only one notebook computes, or a few: a file each."""
