"""What is on air, who fills it and who watches: the rules of a studio."""
