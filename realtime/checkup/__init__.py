"""The checks of `fer-cam doctor`, one file per subject. A subject is a function that gives its checks one by one."""
