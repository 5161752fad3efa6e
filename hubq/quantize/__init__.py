"""What is quantized how: methods, calibration, checks before and after."""
