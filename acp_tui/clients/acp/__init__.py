"""The platform's own objects, as those who act on them read and write them."""
