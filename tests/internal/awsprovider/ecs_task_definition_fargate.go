package awsprovider

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"mediaserver/tests/internal/provider"
)

const fargate = "FARGATE"

// fargateMemory maps the CPU units that Fargate offers to the memory, in MiB,
// that goes with them: from the least to the most in steps.
//
// Source: Amazon ECS developer guide, "Task size".
var fargateMemory = map[int]struct{ least, most, step int }{
	512:   {1024, 4096, 1024},
	1024:  {2048, 8192, 1024},
	2048:  {4096, 16384, 1024},
	4096:  {8192, 30720, 1024},
	8192:  {16384, 61440, 4096},
	16384: {32768, 122880, 8192},
}

func checkFargate(in *taskDefinitionInputs, problems *provider.Problems) {
	if deref(in.NetworkMode) != "awsvpc" {
		problems.Refuse("networkMode", deref(in.NetworkMode), "must be awsvpc for FARGATE")
	}
	if !problems.Known("cpu", "memory") {
		return
	}
	cpu, err := units(deref(in.CPU), "vcpu")
	if err != nil {
		problems.Refuse("cpu", deref(in.CPU), "must be CPU units, such as 256, or vCPUs, such as .25 vCPU")
		return
	}
	memory, err := units(deref(in.Memory), "gb")
	if err != nil {
		problems.Refuse("memory", deref(in.Memory), "must be MiB, such as 512, or GB, such as 0.5GB")
		return
	}
	const smallest = 256
	size, ok := fargateMemory[cpu]
	switch {
	case cpu == smallest:
		if memory != 512 && memory != 1024 && memory != 2048 {
			problems.Refuse("memory", *in.Memory, "must be 512, 1024 or 2048 for 256 CPU units on Fargate")
		}
	case !ok:
		problems.Refuse("cpu", *in.CPU, "must be 256, 512, 1024, 2048, 4096, 8192 or 16384 on Fargate")
	case memory < size.least || memory > size.most || memory%size.step != 0:
		problems.Refuse("memory", *in.Memory, fmt.Sprintf("must be from %d to %d in steps of %d for %d CPU units on Fargate",
			size.least, size.most, size.step, cpu))
	}
}

// units reads a size, either a number or a number of the unit, 1024 times as
// large.
func units(size, unit string) (int, error) {
	number, whole := strings.CutSuffix(strings.ToLower(strings.TrimSpace(size)), unit)
	if !whole {
		return strconv.Atoi(number)
	}
	value, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	return int(math.Round(value * 1024)), err
}
