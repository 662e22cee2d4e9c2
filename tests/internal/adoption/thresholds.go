package adoption

import "fmt"

// threshold is a CPU alarm whose threshold, in percent, is a setting of the program.
type threshold struct {
	setting, address string
	// least and most are what the program accepts, and guides is its default, the guide's threshold.
	least, most, guides int
	// below and above say what a threshold below or above these bounds does.
	below, above string
}

var highCPU = threshold{
	"scaleUpCpu", "aws_cloudwatch_metric_alarm.high_cpu", 1, 99, 70,
	"every task is busier than that, so tasks would be added for ever",
	"a CPU is never busier than 100 percent, so no task would ever be added",
}

var lowCPU = threshold{
	"scaleDownCpu", "aws_cloudwatch_metric_alarm.low_cpu", 1, 98, 20,
	"no CPU is less busy than that, so no task would ever be removed",
	"it must be below scaleUpCpu, or the service would scale up and down at once",
}

// checkThresholds reports the CPU alarms whose thresholds the program would refuse as settings. One that is no whole
// number becomes the default.
func (a Adoption) checkThresholds() []string {
	var problems []string
	for _, each := range []threshold{highCPU, lowCPU} {
		value, why := a.thresholdOf(each), each.above
		if value < each.least {
			why = each.below
		}
		if value < each.least || value > each.most {
			problems = append(problems, fmt.Sprintf("%s, and the setting %s takes %d to %d: %s; set a threshold from %[3]d to %[4]d with Terraform first (the guide has %[6]d)",
				a.thresholdText(each), each.setting, each.least, each.most, why, each.guides))
		}
	}
	if high, low := a.thresholdOf(highCPU), a.thresholdOf(lowCPU); len(problems) == 0 && low >= high {
		problems = append(problems, fmt.Sprintf("%s, and scaleDownCpu must be below scaleUpCpu, which is %d: the service would scale up and down at once; "+
			"set a lower threshold with Terraform first", a.thresholdText(lowCPU), high))
	}
	return problems
}

// thresholdOf is the threshold that the setting gets.
func (a Adoption) thresholdOf(each threshold) int {
	theirs, _ := a.find(each.address)
	if value, isWhole := theirs.Number("threshold"); isWhole {
		return value
	}
	return each.guides
}

// thresholdText says which threshold an alarm has.
func (a Adoption) thresholdText(each threshold) string {
	theirs, _ := a.find(each.address)
	return fmt.Sprintf("%s: the alarm %s has the threshold %d", theirs.Address, theirs.Text("alarm_name"), a.thresholdOf(each))
}
