# NumPy and PyTorch as contestants: answers the requests of protocol.ts, a line of JSON each, with arrays of floats in
# base64. Call it as `peer.py numpy|torch THREADS`.

import base64
import ctypes
import json
import re
import sys
import time

import numpy as np

library, threads = sys.argv[1], int(sys.argv[2])
SHOWN_ITERATIONS = 3
EPSILON = 1e-7


def decode(value):
    if "float32" in value:
        return np.frombuffer(base64.b64decode(value["float32"]), dtype=np.float32).copy()
    return value


def encode(array):
    return {"float32": base64.b64encode(np.ascontiguousarray(array, dtype=np.float32).tobytes()).decode()}


def openblas_core():
    """The set of kernels that the system's OpenBLAS took in this process; None where it was not loaded."""
    with open("/proc/self/maps") as maps:
        found = re.search(r"\S*/libopenblas[^/]*\.so\S*|\S*/openblas[^/]*/libblas\.so\S*", maps.read())
    try:
        corename = ctypes.CDLL(found.group()).openblas_get_corename
        corename.restype = ctypes.c_char_p
        return corename().decode()
    except (AttributeError, OSError):  # no such library, or no such function in it
        return None


class NumPy:
    def about(self):
        return {"versions": {"numpy": np.__version__}, "threads": threads}

    def product(self, task):
        m, k, n = task["m"], task["k"], task["n"]
        a = task["a"].reshape(k, m).T if task["transposeA"] else task["a"].reshape(m, k)
        b = task["b"].reshape(k, n)
        return lambda: a @ b

    def function(self, task):
        x, *rest = [values.reshape(task["shape"]) for values in task["inputs"]]
        y = rest[0] if rest else None
        return {
            "add": lambda: x + y,
            "mul": lambda: x * y,
            "tanh": lambda: np.tanh(x),
            "exp": lambda: np.exp(x),
            "sum": lambda: x.sum(),
            "sumRows": lambda: x.sum(axis=0),
            "max": lambda: x.max(),
        }[task["name"]]

    def values(self, result):
        return np.asarray(result).reshape(-1)


class Torch(NumPy):
    def __init__(self):
        import torch

        self.torch = torch
        torch.set_num_threads(threads)

    def about(self):
        about = {"versions": {"torch": self.torch.__version__}, "threads": self.torch.get_num_threads()}
        core = openblas_core() if sys.platform == "linux" else None
        return {**about, "blasCore": core} if core else about

    def product(self, task):
        m, k, n = task["m"], task["k"], task["n"]
        a = self.torch.from_numpy(task["a"])
        a = a.view(k, m).t() if task["transposeA"] else a.view(m, k)
        b = self.torch.from_numpy(task["b"]).view(k, n)
        return lambda: a @ b

    def function(self, task):
        x, *rest = [self.torch.from_numpy(values).view(task["shape"]) for values in task["inputs"]]
        y = rest[0] if rest else None
        return {
            "add": lambda: x + y,
            "mul": lambda: x * y,
            "tanh": lambda: self.torch.tanh(x),
            "exp": lambda: self.torch.exp(x),
            "sum": lambda: x.sum(),
            "sumRows": lambda: x.sum(dim=0),
            "max": lambda: x.max(),
        }[task["name"]]

    def values(self, result):
        return result.numpy().reshape(-1)


class TorchGan:
    """PyTorch eager, as its users write it: modules, torch.optim.Adam, requires_grad_ for freezing."""

    def __init__(self, torch, task):
        self.torch, self.task = torch, task
        nn, width = torch.nn, task["width"]
        self.generator = nn.Sequential(
            nn.Linear(100, width), nn.LeakyReLU(0.01), nn.Linear(width, 784), nn.Tanh()
        )
        self.discriminator = nn.Sequential(
            nn.Linear(784, width), nn.LeakyReLU(0.01), nn.Linear(width, 1), nn.Sigmoid()
        )
        size = task["batchSize"]
        columns = {"real": 784, "discriminatorNoise": 100, "generatorNoise": 100}
        self.batches = [
            [torch.from_numpy(batch[name]).view(size, count) for name, count in columns.items()]
            for batch in task["batches"]
        ]
        self.ones, self.zeros = torch.ones(size, 1), torch.zeros(size, 1)
        self.loss = nn.BCELoss()
        self.foreach = True
        self.begin()

    def begin(self):
        torch = self.torch
        parameters = [*self.generator.parameters(), *self.discriminator.parameters()]
        with torch.no_grad():
            for parameter, values in zip(parameters, self.task["weights"]):
                source = torch.from_numpy(values)
                # a kernel is [in, out] here and [out, in] there
                if parameter.dim() == 2:
                    source = source.view(parameter.shape[1], parameter.shape[0]).t()
                parameter.copy_(source)
        self.generator_adam = self.adam(self.generator)
        self.discriminator_adam = self.adam(self.discriminator)
        self.iteration = 0

    def adam(self, model):
        return self.torch.optim.Adam(model.parameters(), lr=1e-3, eps=EPSILON, foreach=self.foreach)

    def judge(self, images):
        return self.discriminator(images).clamp(EPSILON, 1 - EPSILON)

    def update_discriminator(self, images, labels, is_right):
        self.discriminator_adam.zero_grad(set_to_none=True)
        probability = self.judge(images)
        loss = self.loss(probability, labels)
        is_right(probability).float().mean()  # the accuracy, which everybody computes
        loss.backward()
        self.discriminator_adam.step()
        return loss.detach()

    def iterate(self):
        real, discriminator_noise, generator_noise = self.batches[self.iteration % len(self.batches)]
        self.iteration += 1
        with self.torch.no_grad():
            generated = self.generator(discriminator_noise)
        on_real = self.update_discriminator(real, self.ones, lambda p: p > 0.5)
        on_generated = self.update_discriminator(generated, self.zeros, lambda p: p <= 0.5)
        self.discriminator.requires_grad_(False)
        self.generator_adam.zero_grad(set_to_none=True)
        loss = self.loss(self.judge(self.generator(generator_noise)), self.ones)
        loss.backward()
        self.generator_adam.step()
        self.discriminator.requires_grad_(True)
        return (on_real + on_generated) * 0.5, loss.detach()

    def prepare(self):
        """The losses of the first iterations; afterwards Adam is taken as it is fastest here."""
        shown = [float(loss) for _ in range(SHOWN_ITERATIONS) for loss in self.iterate()]
        times = {}
        for foreach in (True, False, True, False):
            self.foreach = foreach
            taken = timed(self.begin, self.iterate, 20)
            times[foreach] = min(taken, times.get(foreach, taken))
        self.foreach = min(times, key=times.get)
        return np.array(shown, dtype=np.float32)


class TorchDcgan:
    """The GAN with convolutions, in whichever of PyTorch's two orders of axes is faster here."""

    SLOPE, NORMALIZATION_EPSILON, RATE, BETAS = 0.01, 1e-5, 2e-4, (0.5, 0.999)

    def __init__(self, torch, task):
        self.torch, self.task, nn = torch, task, torch.nn
        normalized = lambda norm, channels: [norm(channels, eps=self.NORMALIZATION_EPSILON), nn.LeakyReLU(self.SLOPE)]
        self.generator = nn.Sequential(
            nn.Linear(100, 12544, bias=False),
            *normalized(nn.BatchNorm1d, 12544),
            nn.Unflatten(1, (256, 7, 7)),
            nn.ConvTranspose2d(256, 128, 3, stride=2, padding=1, output_padding=1),
            *normalized(nn.BatchNorm2d, 128),
            nn.ConvTranspose2d(128, 64, 3, padding=1),
            *normalized(nn.BatchNorm2d, 64),
            nn.ConvTranspose2d(64, 1, 3, stride=2, padding=1, output_padding=1),
            nn.Tanh(),
        )
        layers = []
        for channels, filters in ((1, 32), (32, 64), (64, 128)):
            layers += [nn.Conv2d(channels, filters, 3, stride=2, padding=1), nn.LeakyReLU(self.SLOPE)]
        self.discriminator = nn.Sequential(*layers, nn.Flatten(), nn.Linear(2048, 1))
        size = task["batchSize"]
        self.batches = [
            [torch.from_numpy(batch["real"]).view(size, 1, 28, 28)]
            + [torch.from_numpy(batch[name]).view(size, 100) for name in ("discriminatorNoise", "generatorNoise")]
            for batch in task["batches"]
        ]
        self.ones, self.zeros = torch.ones(size, 1), torch.zeros(size, 1)
        self.loss = nn.BCEWithLogitsLoss()
        self.memory_format = torch.contiguous_format
        self.begin()

    def begin(self):
        torch = self.torch
        with torch.no_grad():
            for parameter, values in zip(self.drawn(), self.task["weights"]):
                parameter.copy_(self.channels_first(torch.from_numpy(values), parameter))
            for module in self.generator:
                if hasattr(module, "running_mean"):
                    module.weight.fill_(1)
                    module.bias.fill_(0)
        for model in (self.generator, self.discriminator):
            model.to(memory_format=self.memory_format)
        self.generator_adam, self.discriminator_adam = (
            torch.optim.Adam(model.parameters(), lr=self.RATE, betas=self.BETAS, eps=EPSILON)
            for model in (self.generator, self.discriminator)
        )
        self.iteration = 0

    def drawn(self):
        modules = [*self.generator, *self.discriminator]
        return [p for module in modules if not hasattr(module, "running_mean") for p in module.parameters()]

    def channels_first(self, source, parameter):
        """A weight of the task, where channels come last, as PyTorch has it."""
        shape = tuple(parameter.shape)
        if shape == (12544, 100):
            return source.view(100, 7, 7, 256).permute(3, 1, 2, 0).reshape(shape)
        if shape == (1, 2048):
            return source.view(4, 4, 128).permute(2, 0, 1).reshape(shape)
        if len(shape) == 4:
            return source.view(shape[2], shape[3], shape[1], shape[0]).permute(3, 2, 0, 1)
        return source.view(shape)

    def iterate(self):
        real, discriminator_noise, generator_noise = self.batches[self.iteration % len(self.batches)]
        self.iteration += 1
        with self.torch.no_grad():
            generated = self.generator(discriminator_noise)
        self.discriminator_adam.zero_grad(set_to_none=True)
        judged = self.loss(self.discriminator(real.contiguous(memory_format=self.memory_format)), self.ones)
        discriminator_loss = judged + self.loss(self.discriminator(generated), self.zeros)
        discriminator_loss.backward()
        self.discriminator_adam.step()
        self.discriminator.requires_grad_(False)
        self.generator_adam.zero_grad(set_to_none=True)
        loss = self.loss(self.discriminator(self.generator(generator_noise)), self.ones)
        loss.backward()
        self.generator_adam.step()
        self.discriminator.requires_grad_(True)
        return discriminator_loss.detach(), loss.detach()

    def prepare(self):
        """The losses of the first iterations; afterwards the order of axes that is faster here."""
        shown = [float(loss) for _ in range(SHOWN_ITERATIONS) for loss in self.iterate()]
        times = {}
        for memory_format in (self.torch.contiguous_format, self.torch.channels_last) * 2:
            self.memory_format = memory_format
            taken = timed(self.begin, self.iterate, 2)
            times[memory_format] = min(taken, times.get(memory_format, taken))
        self.memory_format = min(times, key=times.get)
        return np.array(shown, dtype=np.float32)


def timed(begin, call, calls):
    """Milliseconds of that many calls, after one that wakes threads and fills caches."""
    begin()
    call()
    start = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - start) * 1000


def nothing():
    pass


def prepare(side, task):
    if task["kind"] == "gan" and library == "torch" and not task.get("draws"):
        gan = TorchGan(side.torch, task)
        return gan.prepare(), gan.begin, gan.iterate
    if task["kind"] == "dcgan" and library == "torch":
        gan = TorchDcgan(side.torch, task)
        return gan.prepare(), gan.begin, gan.iterate
    if task["kind"] not in ("product", "function"):
        raise ValueError(f'{library} takes no part in "{task["kind"]}"')
    call = side.product(task) if task["kind"] == "product" else side.function(task)
    return side.values(call()), nothing, call


def handle(side, prepared, request):
    action = request["action"]
    if action == "about":
        return {"about": side.about()}
    if action == "prepare":
        result, begin, call = prepare(side, request["task"])
        prepared[request["key"]] = (begin, call)
        return {"result": encode(result)}
    if action == "run":
        return {"milliseconds": timed(*prepared[request["key"]], request["calls"])}
    prepared.pop(request["key"], None)
    return {}


def main():
    side = Torch() if library == "torch" else NumPy()
    prepared = {}
    for line in sys.stdin:
        request = json.loads(line, object_hook=decode)
        try:
            answer = handle(side, prepared, request)
        except Exception as error:  # whatever it is, the main process names it
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps({"id": request["id"], **answer}), flush=True)


main()
