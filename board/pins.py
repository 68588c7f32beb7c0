"""The 40-pin header of a Raspberry Pi (Zero 2 W, 3, 4, 5) and what its pins also do."""

from __future__ import annotations

HEADER = {
    2: 3, 3: 5, 4: 7, 5: 29, 6: 31, 7: 26, 8: 24, 9: 21, 10: 19, 11: 23, 12: 32, 13: 33,
    14: 8, 15: 10, 16: 36, 17: 11, 18: 12, 19: 35, 20: 38, 21: 40, 22: 15, 23: 16, 24: 18,
    25: 22, 26: 37, 27: 13,
}  # fmt: skip
"""Where on the header a GPIO number is; 0 and 1 belong to the memory of an extension board."""

POWER = {
    1: "3.3 V", 2: "5 V", 4: "5 V", 6: "ground", 9: "ground", 14: "ground", 17: "3.3 V",
    20: "ground", 25: "ground", 27: "extension board", 28: "extension board", 30: "ground",
    34: "ground", 39: "ground",
}  # fmt: skip
"""The places without a number."""

FUNCTIONS = {
    "I2C": {2: "SDA", 3: "SCL"},
    "SPI": {8: "CE0", 9: "MISO", 10: "MOSI", 11: "SCLK"},
    "I2S": {18: "BCLK", 19: "LRCLK", 20: "DIN", 21: "DOUT"},
    "UART": {14: "TXD", 15: "RXD"},
}
"""The buses, and what each of their pins is to them."""

BOOT_LINES = {
    "I2C": "dtparam=i2c_arm=on,i2c_arm_baudrate=400000",
    "SPI": "dtoverlay=spi0-1cs",
    "I2S": "dtparam=i2s=on",
    "UART": "enable_uart=1",
}
"""What switches a bus on, in the `config.txt` of the boot partition."""
