# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title A lender that calls back as it was told
"""

target: address
payload: Bytes[512]
times: uint256


@external
def tell(target: address, payload: Bytes[512], times: uint256):
    self.target = target
    self.payload = payload
    self.times = times


@external
def called():
    for _: uint256 in range(self.times, bound=2):
        raw_call(self.target, self.payload)
