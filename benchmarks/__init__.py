"""What the speed of this project is measured with: `make bench`, or `python -m benchmarks NAME…`."""
