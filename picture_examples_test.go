package main

import (
	"math"
	"time"
)

// exampleEnd is when the charts of the pictures end.
var exampleEnd = time.Date(2026, time.June, 15, 15, 0, 0, 0, time.UTC)

// examples are made-up values of the metrics, by the metric's name and its label in the chart. Each is a function of the
// time from 0, where the chart begins, to 1, where it ends.
//
// They tell one story: more users come, the CPU passes scaleUpCpu, and a third task takes its share.
var examples = map[string]func(at float64) float64{
	"RequestCount Requests":                 func(at float64) float64 { return 12000 * busy(at) },
	"HTTPCode_Target_5XX_Count Application": func(at float64) float64 { return math.Round(7 * peak(at, 0.45, 0.06)) },
	"HTTPCode_ELB_5XX_Count Load balancer":  func(at float64) float64 { return math.Round(2 * peak(at, 0.47, 0.04)) },
	"TargetResponseTime p50":                func(at float64) float64 { return 0.08 + 0.12*busy(at) },
	"TargetResponseTime p99": func(at float64) float64 {
		return 0.42 + 0.9*peak(at, 0.46, 0.09) + 0.04*ripple(at)
	},
	"CPUUtilization CPU": func(at float64) float64 {
		return 190 * busy(at) / step(at, thirdTaskRuns, 2, 3)
	},
	"MemoryUtilization Memory": func(at float64) float64 {
		return 47 + 5*busy(at) + 0.5*ripple(at) - step(at, thirdTaskRuns, 0, 4)
	},
	"RunningTaskCount Running": func(at float64) float64 { return step(at, thirdTaskRuns, 2, 3) },
	"DesiredTaskCount Desired": func(at float64) float64 { return step(at, thirdTaskIsDesired, 2, 3) },
	"HealthyHostCount Healthy": func(at float64) float64 { return step(at, thirdTaskIsHealthy, 2, 3) },
	"UnHealthyHostCount Unhealthy": func(at float64) float64 {
		return step(at, thirdTaskRuns, 0, 1) - step(at, thirdTaskIsHealthy, 0, 1)
	},
	"BucketSizeBytes Standard":    func(at float64) float64 { return 1e9 * (380 + 170*at + 9*ripple(at)) },
	"BucketSizeBytes Standard-IA": func(at float64) float64 { return 1e9 * (230 + 110*at) },
	"BucketSizeBytes Glacier":     func(at float64) float64 { return 1e9 * (120 + 220*at) },
	"NumberOfObjects Objects":     func(at float64) float64 { return 31000 + 17500*at + 900*ripple(at) },
}

const (
	thirdTaskIsDesired = 0.46
	thirdTaskRuns      = 0.49
	thirdTaskIsHealthy = 0.52
)

// busy is how busy the application is, as a share of what two tasks can do.
func busy(at float64) float64 { return 0.42 + 0.4*peak(at, 0.5, 0.17) + 0.03*ripple(at) }

// peak is a bell around a time.
func peak(at, middle, width float64) float64 { return math.Exp(-math.Pow((at-middle)/width, 2)) }

// ripple is an irregular movement between -1 and 1.
func ripple(at float64) float64 { return (math.Sin(47*at) + math.Sin(101*at+1)) / 2 }

// step is one value before a time, and another one from then on.
func step(at, when, earlier, later float64) float64 {
	if at < when {
		return earlier
	}
	return later
}
