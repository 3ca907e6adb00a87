"""What bytes say: projections of API answers and Helm records, cleaned of hostile text."""
