package gate

import (
	"fmt"
	"io"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// Types of resources that have free properties.
const (
	dashboard      = "aws:cloudwatch/dashboard:Dashboard"
	logGroup       = "aws:cloudwatch/logGroup:LogGroup"
	metricAlarm    = "aws:cloudwatch/metricAlarm:MetricAlarm"
	cluster        = "aws:ecs/cluster:Cluster"
	service        = "aws:ecs/service:Service"
	taskDefinition = "aws:ecs/taskDefinition:TaskDefinition"
	role           = "aws:iam/role:Role"
	loadBalancer   = "aws:lb/loadBalancer:LoadBalancer"
	targetGroup    = "aws:lb/targetGroup:TargetGroup"
	parameter      = "aws:ssm/parameter:Parameter"
	scalingPolicy  = "aws:appautoscaling/policy:Policy"
	scalableTarget = "aws:appautoscaling/target:Target"
	anyType        = "*"
)

// freeProperty is a row of the free list: a property that may change without an allowance.
type freeProperty struct {
	// kind is the type of the resource, or anyType.
	kind string
	// path is the property. * stands for any one element, and ** at the end for everything below.
	path string
	// only says which changes are free. Empty for all.
	only string
	// why says why they are harmless.
	why string
	// holds tells whether a change is such a one.
	holds func(change) bool
	// evenUnknown tells that holds judges a value that is not known yet, too.
	evenUnknown bool
}

// freeList is the whole list.
var freeList = []freeProperty{
	{anyType, "tags.*", "not Environment and Project, in any case of letters", "The policies of the deploying role ask for those two.", tagForPeople, false},
	{anyType, "tagsAll.*", "not Environment and Project, in any case of letters", "As above, for `aws:defaultTags`.", tagForPeople, false},
	{scalingPolicy, "stepScalingPolicyConfiguration.cooldown", "up to 3600", "A delay. With one of years, a service would scale only once.", between(0, 3600), false},
	{scalableTarget, "maxCapacity", "1 or more", "With 0, no task would run.", atLeast(1), false},
	{scalableTarget, "minCapacity", "1 or more", "A number of tasks.", atLeast(1), false},
	{dashboard, "dashboardBody.**", "with widgets of the types alarm, log, metric and text only", "People look at it. A custom widget would run a Lambda function.", onlyShows, false},
	{logGroup, "retentionInDays", "longer", "No event is deleted earlier.", keptLonger, false},
	{metricAlarm, "alarmDescription", "", "A text for people.", isText, false},
	{metricAlarm, "datapointsToAlarm", "fewer, 1 or more", "The alarm rings earlier.", falls, false},
	{metricAlarm, "metricQueries[*].expression", "to the `maxCapacity` of the service", "The alarm at the highest number of tasks follows it.", followsMaxCapacity, false},
	{metricAlarm, "threshold", "from 1 to 99, of an alarm that only scales", "It notifies nobody.", thresholdOfScaling, false},
	{metricAlarm, "threshold", "lower, 1 or more, of an alarm for people that rings above it", "The alarm rings earlier.", ringsEarlier, false},
	{metricAlarm, "threshold", "of the alarm at the highest number of tasks, to the one that adds tasks", "Tasks are busy where scaling would add one.", followsScaling, false},
	{cluster, "settings[containerInsights].value", "enabled, enhanced or disabled", "How closely CloudWatch observes the cluster.", oneOf("enabled", "enhanced", "disabled"), false},
	{service, "desiredCount", "1 or more", "A number of tasks.", atLeast(1), false},
	{service, "healthCheckGracePeriodSeconds", "up to 3600", "How long a task may take to start. With one of years no broken task would be replaced.", between(0, longestStart), false},
	{service, "taskDefinition", "to the task definition of the stack", "What it runs is judged there.", runsOwnTasks, true},
	{taskDefinition, "cpu", "more than 0", "The size of a task.", atLeast(1), false},
	{taskDefinition, "memory", "more than 0", "The size of a task.", atLeast(1), false},
	{taskDefinition, "runtimePlatform.cpuArchitecture", "X86_64 or ARM64", "An image for another processor does not start.", oneOf("X86_64", "ARM64"), false},
	{taskDefinition, "containerDefinitions[*].image", "another tag or digest of the same repository", "Whoever may push to the repository decides what runs.", sameRepository, false},
	{taskDefinition, "containerDefinitions[*].environment[NODE_ENV].value", "one word of at most 20 letters, digits and hyphens", "A secret does not fit.", isWord, false},
	{taskDefinition, "containerDefinitions[*].healthCheck.command[*]", "the path of the URL, to that of the target group", "The health path.", healthPathOfContainer, false},
	{taskDefinition, "containerDefinitions[*].healthCheck.startPeriod", "to the grace period of the service, 300 at most", "The container's check begins when the service's does.", followsGracePeriod, false},
	{role, "description", "", "A text for people.", isText, false},
	{loadBalancer, "idleTimeout", "1 or more", "A delay until an idle connection is closed.", atLeast(1), false},
	{targetGroup, "deregistrationDelay", "", "A delay for requests that are under way.", atLeast(0), false},
	{targetGroup, "slowStart", "", "A delay until a new task gets its full share.", atLeast(0), false},
	{targetGroup, "healthCheck.healthyThreshold", "", "AWS accepts 2 to 10.", atLeast(2), false},
	{targetGroup, "healthCheck.interval", "shorter, 1 or more", "A broken task is noticed earlier.", falls, false},
	{targetGroup, "healthCheck.path", "to that of the containers", "The health path.", healthPathOfTargets, false},
	{targetGroup, "healthCheck.unhealthyThreshold", "fewer, 1 or more", "A broken task is noticed earlier.", falls, false},
	{parameter, "description", "", "A text for people.", isText, false},
}

// WriteRules writes the free list as a list in Markdown: under each type its properties, which changes of them are free,
// and why.
func WriteRules(writer io.Writer) error {
	var text strings.Builder
	for i, row := range freeList {
		if i == 0 || row.kind != freeList[i-1].kind {
			fmt.Fprintf(&text, "- %s\n", strings.Replace("`"+row.kind+"`", "`"+anyType+"`", "every type", 1))
		}
		only := ""
		if row.only != "" {
			only = ": " + row.only
		}
		fmt.Fprintf(&text, "  - `%s`%s. %s\n", row.path, only, row.why)
	}
	_, err := io.WriteString(writer, text.String())
	return err
}

// change is a difference of a resource in a plan.
type change struct {
	plan Plan
	step Step
	Difference
}

// covers tells whether the row lets a change pass.
func (f freeProperty) covers(c change) bool {
	return (f.kind == anyType || f.kind == c.step.After.text("type")) && matches(f.path, c.Path) &&
		(f.evenUnknown || !hidden(c.Before) && !hidden(c.After) && c.noNewSource()) && f.holds(c)
}

// matches compares a path with the one of a row.
func matches(pattern string, path []string) bool {
	want := strings.Split(strings.ReplaceAll(pattern, "[", ".["), ".")
	if last := len(want) - 1; want[last] == "**" && len(path) > last {
		want, path = want[:last], path[:last]
	}
	return slices.EqualFunc(want, path, func(want, have string) bool {
		return want == have || want == "*" || want == "[*]" && strings.HasPrefix(have, "[")
	})
}

// noNewSource tells whether an input comes from no resource from which it did not come before: who reads the dashboard
// must not find there what only the tasks may know.
func (c change) noNewSource() bool {
	known := c.step.Before.sources(c.Path[0])
	return !slices.ContainsFunc(c.step.After.sources(c.Path[0]), func(urn string) bool { return !slices.Contains(known, urn) })
}

// onlyShows tells whether a dashboard has no widget but those that show what CloudWatch knows.
func onlyShows(c change) bool {
	text, _ := c.step.After.object("inputs")["dashboardBody"].(string)
	body, _ := structured(text)
	fields, _ := body.(map[string]any)
	widgets, isList := fields["widgets"].([]any)
	return isList && !slices.ContainsFunc(widgets, func(each any) bool {
		widget, _ := each.(map[string]any)
		return !slices.Contains([]string{"alarm", "log", "metric", "text"}, State(widget).text("type"))
	})
}

func isText(c change) bool {
	_, is := c.After.(string)
	return is
}

// word is shorter than the secrets of the program (secrets.go there), which it could make plain.
var word = regexp.MustCompile(`^[A-Za-z0-9-]{1,20}$`)

func isWord(c change) bool {
	text, is := c.After.(string)
	return is && word.MatchString(text)
}

func oneOf(values ...string) func(change) bool {
	return func(c change) bool {
		_, newText, are := both[string](c.Before, c.After)
		return are && slices.Contains(values, newText)
	}
}

func atLeast(minimum float64) func(change) bool { return between(minimum, math.Inf(1)) }

func between(minimum, maximum float64) func(change) bool {
	return func(c change) bool {
		value, is := number(c.After)
		return is && value >= minimum && value <= maximum
	}
}

// numbers are both values of a change as numbers.
func (c change) numbers() (before, after float64, are bool) {
	before, was := number(c.Before)
	after, is := number(c.After)
	return before, after, was && is
}

// falls tells whether a number becomes smaller. The provider may take 0 for a number that is not set.
func falls(c change) bool {
	before, after, are := c.numbers()
	return are && after < before && after >= 1
}

// keptLonger compares retentions. 0 or none keeps events for ever (CloudWatch Logs API reference, PutRetentionPolicy).
func keptLonger(c change) bool {
	before, after, are := c.numbers()
	return c.After == nil || are && before != 0 && (after == 0 || after > before)
}

// tagForPeople tells a tag from those in the conditions of policies/up-network.json. IAM compares the names of condition
// keys, which the tags are part of, without regard to case (IAM user guide, "Condition").
func tagForPeople(c change) bool {
	return !strings.EqualFold(c.Path[1], "Environment") && !strings.EqualFold(c.Path[1], "Project") && (c.After == nil || isText(c))
}

// onlyScales tells whether all that an alarm does is to run scaling policies.
func onlyScales(state State) bool {
	scales := false
	for _, property := range []string{"alarmActions", "okActions", "insufficientDataActions"} {
		actions, isList := state.object("inputs")[property].([]any)
		if !isList && state.object("inputs")[property] != nil {
			return false
		}
		for _, action := range actions {
			arn, _ := action.(string)
			if !strings.Contains(arn, ":scalingPolicy:") {
				return false
			}
			scales = true
		}
	}
	return scales
}

func thresholdOfScaling(c change) bool {
	return between(1, 99)(c) && onlyScales(c.step.Before) && onlyScales(c.step.After)
}

// ringsEarlier is about alarms above a threshold only: one below it could be raised by any value, and an alarm that is
// always raised tells nobody anything.
func ringsEarlier(c change) bool {
	comparison, _ := c.step.After.object("inputs")["comparisonOperator"].(string)
	return falls(c) && strings.HasPrefix(comparison, "GreaterThan")
}

// atMostTasks is the expression of the alarm at the highest number of tasks (alarms_tasks.go of the program).
var atMostTasks = regexp.MustCompile(`^IF\(tasks >= ([0-9]+), cpu, 0\)$`)

func followsMaxCapacity(c change) bool {
	oldText, newText, are := both[string](c.Before, c.After)
	is := atMostTasks.FindStringSubmatch(newText)
	return are && atMostTasks.MatchString(oldText) && is != nil && c.plan.hasOnly(scalableTarget, func(inputs map[string]any) bool {
		return fmt.Sprint(inputs["maxCapacity"]) == is[1]
	})
}

func followsScaling(c change) bool {
	queries, _ := c.step.After.object("inputs")["metricQueries"].([]any)
	return slices.ContainsFunc(queries, func(each any) bool {
		query, _ := each.(map[string]any)
		return atMostTasks.MatchString(State(query).text("expression"))
	}) && slices.ContainsFunc(c.plan.Steps, func(step Step) bool {
		inputs := step.After.object("inputs")
		return step.After.text("type") == metricAlarm && onlyScales(step.After) && inputs["comparisonOperator"] == "GreaterThanThreshold" && reflect.DeepEqual(inputs["threshold"], c.After)
	})
}

// hasOnly tells whether the stack will have resources of a type, and whether a condition holds for the inputs of each.
func (p Plan) hasOnly(kind string, holds func(inputs map[string]any) bool) bool {
	has := false
	for _, step := range p.Steps {
		if step.After.text("type") == kind {
			if !holds(step.After.object("inputs")) {
				return false
			}
			has = true
		}
	}
	return has
}

// runsOwnTasks judges which task definition a service runs: the one of the stack, by the ARN that it has, or as one that
// is replaced and has no ARN yet. What the program makes of that ARN the plan does not tell.
func runsOwnTasks(c change) bool {
	sources := c.step.After.sources("taskDefinition")
	return len(sources) == 1 && slices.ContainsFunc(c.plan.Steps, func(step Step) bool {
		if step.URN != sources[0] || step.After.text("type") != taskDefinition {
			return false
		}
		if step.Operation == "same" {
			return isText(c) && c.After == step.Before.object("outputs")["arn"] && !hidden(c.After)
		}
		return step.Operation == "replace" && c.After == unknown
	})
}

// image is a reference with a registry and a repository, and maybe a tag and a digest.
var image = regexp.MustCompile(`^([a-z0-9.-]+(?::[0-9]+)?/[a-z0-9._/-]+)(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$`)

func sameRepository(c change) bool {
	oldText, newText, are := both[string](c.Before, c.After)
	was, is := image.FindStringSubmatch(oldText), image.FindStringSubmatch(newText)
	return are && was != nil && is != nil && was[1] == is[1]
}

// The longest time that the setting startSeconds gives a task, and the longest start period of a container (ecs.go of the
// program).
const (
	longestStart       = 3600
	longestStartPeriod = 300
)

func followsGracePeriod(c change) bool {
	period, is := number(c.After)
	return is && c.plan.hasOnly(service, func(inputs map[string]any) bool {
		grace, stated := number(inputs["healthCheckGracePeriodSeconds"])
		return stated && period == min(grace, longestStartPeriod)
	})
}

// healthURL is what the health check of a container asks: the container itself, at a path. curl is given its name, and
// wget its address (ecs.go of the program).
var healthURL = regexp.MustCompile(`^(http://(?:localhost|127\.0\.0\.1):[0-9]+)(/[!-~]*)$`)

func healthPathOfContainer(c change) bool {
	oldText, newText, are := both[string](c.Before, c.After)
	was, is := healthURL.FindStringSubmatch(oldText), healthURL.FindStringSubmatch(newText)
	return are && was != nil && is != nil && was[1] == is[1] && c.plan.hasOnly(targetGroup, func(inputs map[string]any) bool {
		check, _ := inputs["healthCheck"].(map[string]any)
		return check["path"] == is[2]
	})
}

func healthPathOfTargets(c change) bool {
	return isText(c) && c.plan.hasOnly(taskDefinition, func(inputs map[string]any) bool {
		text, _ := inputs["containerDefinitions"].(string)
		containers, _ := structured(text)
		return asksOnly(containers, c.After)
	})
}

// asksOnly tells whether the health checks of containers ask for a path, and for no other.
func asksOnly(containers, path any) bool {
	asks := false
	list, _ := containers.([]any)
	for _, each := range list {
		container, _ := each.(map[string]any)
		words, _ := State(State(container).object("healthCheck"))["command"].([]any)
		for _, each := range words {
			word, _ := each.(string)
			if url := healthURL.FindStringSubmatch(word); url != nil {
				if url[2] != path {
					return false
				}
				asks = true
			}
		}
	}
	return asks
}
