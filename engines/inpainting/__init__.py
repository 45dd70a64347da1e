"""What engines share that cut a face out of each frame, have a network draw it anew, and put it back."""
