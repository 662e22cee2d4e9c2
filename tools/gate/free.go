package gate

import (
	"fmt"
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

// Rules is the free list in Markdown: under each type its properties, which changes of them are free, and why.
func Rules() string {
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
	return text.String()
}

// change is a difference of a resource in a plan.
type change struct {
	plan Plan
	step Step
	difference
}

// covers tells whether the row lets a change pass.
func (f freeProperty) covers(c change) bool {
	return (f.kind == anyType || f.kind == c.step.kind()) && matches(f.path, c.path) &&
		(f.evenUnknown || !hidden(c.before) && !hidden(c.after) && c.noNewSource()) && f.holds(c)
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
	known := sources(c.step.Before, c.path[0])
	return !slices.ContainsFunc(sources(c.step.After, c.path[0]), func(urn string) bool { return !slices.Contains(known, urn) })
}

// onlyShows tells whether a dashboard has no widget but those that show what CloudWatch knows.
func onlyShows(c change) bool {
	widgets := at[[]any](structured(input[any](c.step, "dashboardBody")), "widgets")
	return widgets != nil && !slices.ContainsFunc(widgets, func(widget any) bool {
		return !slices.Contains([]string{"alarm", "log", "metric", "text"}, at[string](widget, "type"))
	})
}

func isText(c change) bool {
	_, is := c.after.(string)
	return is
}

// word is shorter than the secrets of the program (secrets.go there), which it could make plain.
var word = regexp.MustCompile(`^[A-Za-z0-9-]{1,20}$`)

func isWord(c change) bool { return word.MatchString(at[string](c.after)) }

func oneOf(values ...string) func(change) bool {
	return func(c change) bool {
		_, text, are := both[string](c.before, c.after)
		return are && slices.Contains(values, text)
	}
}

func atLeast(minimum float64) func(change) bool { return between(minimum, math.Inf(1)) }

func between(minimum, maximum float64) func(change) bool {
	return func(c change) bool {
		value, is := number(c.after)
		return is && value >= minimum && value <= maximum
	}
}

// numbers are both values of a change as numbers.
func (c change) numbers() (before, after float64, are bool) {
	before, was := number(c.before)
	after, is := number(c.after)
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
	return c.after == nil || are && before != 0 && (after == 0 || after > before)
}

// tagForPeople tells a tag from those in the conditions of policies/up-network.json. IAM compares the names of condition
// keys, which the tags are part of, without regard to case (IAM user guide, "Condition").
func tagForPeople(c change) bool {
	return !strings.EqualFold(c.path[1], "Environment") && !strings.EqualFold(c.path[1], "Project") && (c.after == nil || isText(c))
}

// onlyScales tells whether all that an alarm does is to run scaling policies.
func onlyScales(state object) bool {
	var actions []any
	for _, property := range []string{"alarmActions", "okActions", "insufficientDataActions"} {
		if value := at[any](state, "inputs", property); value != nil {
			list, isList := value.([]any)
			actions = append(actions, list...)
			if !isList {
				return false
			}
		}
	}
	return len(actions) > 0 && !slices.ContainsFunc(actions, func(action any) bool {
		return !strings.Contains(at[string](action), ":scalingPolicy:")
	})
}

func thresholdOfScaling(c change) bool {
	return between(1, 99)(c) && onlyScales(c.step.Before) && onlyScales(c.step.After)
}

// ringsEarlier is about alarms above a threshold only: one below it could be raised by any value, and an alarm that is
// always raised tells nobody anything.
func ringsEarlier(c change) bool {
	return falls(c) && strings.HasPrefix(input[string](c.step, "comparisonOperator"), "GreaterThan")
}

// atMostTasks is the expression of the alarm at the highest number of tasks (alarms_tasks.go of the program).
var atMostTasks = regexp.MustCompile(`^IF\(tasks >= ([0-9]+), cpu, 0\)$`)

func followsMaxCapacity(c change) bool {
	was, is := c.submatches(atMostTasks)
	return was != nil && is != nil && c.plan.all(scalableTarget, func(target Step) bool {
		return fmt.Sprint(input[any](target, "maxCapacity")) == is[1]
	})
}

func followsScaling(c change) bool {
	return slices.ContainsFunc(input[[]any](c.step, "metricQueries"), func(query any) bool {
		return atMostTasks.MatchString(at[string](query, "expression"))
	}) && slices.ContainsFunc(c.plan.Steps, func(step Step) bool {
		return step.kind() == metricAlarm && onlyScales(step.After) && input[string](step, "comparisonOperator") == "GreaterThanThreshold" &&
			reflect.DeepEqual(input[any](step, "threshold"), c.after)
	})
}

// all tells whether the stack will have resources of a type, and whether a condition holds for each.
func (p Plan) all(kind string, holds func(Step) bool) bool {
	isOfKind := func(step Step) bool { return step.kind() == kind }
	return slices.ContainsFunc(p.Steps, isOfKind) &&
		!slices.ContainsFunc(p.Steps, func(step Step) bool { return isOfKind(step) && !holds(step) })
}

// runsOwnTasks judges which task definition a service runs: the one of the stack, by the ARN that it has, or as one that
// is replaced and has no ARN yet. What the program makes of that ARN the plan does not tell.
func runsOwnTasks(c change) bool {
	from := sources(c.step.After, "taskDefinition")
	return len(from) == 1 && slices.ContainsFunc(c.plan.Steps, func(step Step) bool {
		if step.URN != from[0] || step.kind() != taskDefinition {
			return false
		}
		if step.Operation == "same" {
			return isText(c) && c.after == at[any](step.Before, "outputs", "arn") && !hidden(c.after)
		}
		return step.Operation == "replace" && c.after == unknown
	})
}

// image is a reference with a registry and a repository, and maybe a tag and a digest.
var image = regexp.MustCompile(`^([a-z0-9.-]+(?::[0-9]+)?/[a-z0-9._/-]+)(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$`)

func sameRepository(c change) bool {
	was, is := c.submatches(image)
	return was != nil && is != nil && was[1] == is[1]
}

// The longest time that the setting startSeconds gives a task, and the longest start period of a container (ecs.go of the
// program).
const (
	longestStart       = 3600
	longestStartPeriod = 300
)

func followsGracePeriod(c change) bool {
	period, is := number(c.after)
	return is && c.plan.all(service, func(step Step) bool {
		grace, stated := number(input[any](step, "healthCheckGracePeriodSeconds"))
		return stated && period == min(grace, longestStartPeriod)
	})
}

// healthURL is what the health check of a container asks: the container itself, at a path. curl is given its name, and
// wget its address (ecs.go of the program).
var healthURL = regexp.MustCompile(`^(http://(?:localhost|127\.0\.0\.1):[0-9]+)(/[!-~]*)$`)

func healthPathOfContainer(c change) bool {
	was, is := c.submatches(healthURL)
	return was != nil && is != nil && was[1] == is[1] && c.plan.all(targetGroup, func(targets Step) bool {
		return input[string](targets, "healthCheck", "path") == is[2]
	})
}

// healthPathOfTargets tells whether the health checks of containers ask for the path, and for no other.
func healthPathOfTargets(c change) bool {
	return isText(c) && c.plan.all(taskDefinition, func(tasks Step) bool {
		var paths []any
		for _, container := range at[[]any](structured(input[any](tasks, "containerDefinitions"))) {
			for _, word := range at[[]any](container, "healthCheck", "command") {
				if url := healthURL.FindStringSubmatch(at[string](word)); url != nil {
					paths = append(paths, url[2])
				}
			}
		}
		return len(paths) > 0 && !slices.ContainsFunc(paths, func(path any) bool { return path != c.after })
	})
}
