"""Making faces clearer (`video_enhance`): by a checkpoint where the operator has one, else by what is built in."""
