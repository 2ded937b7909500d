"""How fast, beside a floor or a peer measured in the same run: ratios, medians and spread. Nothing here is a test."""
