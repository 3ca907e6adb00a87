"""What facts mean: pure functions over the model."""
