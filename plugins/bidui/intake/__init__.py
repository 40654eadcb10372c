"""Intake (接收): from the unsealed bytes of one file to typed rows and row issues, under a contract."""
