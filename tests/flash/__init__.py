"""Tests of `flash.sh`: the program itself, on loop devices and files, with small images."""
