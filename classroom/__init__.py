"""What a teacher needs, built from ``casedata`` by ``python lab.py classroom``; no notebook imports this."""
