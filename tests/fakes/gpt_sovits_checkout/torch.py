"""PyTorch as the loader asks it: there is no GPU."""


class cuda:
    @staticmethod
    def device_count() -> int:
        return 0
