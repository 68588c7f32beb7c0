"""What the person meets: keys and hook in, screens, ringer and lamp out."""
