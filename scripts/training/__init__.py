"""What `scripts.train_speech` is made of: texts, synthetic voices, channels, and the optimisation itself."""
