package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Limits on names, from the AWS documentation of each resource.
const (
	// loadBalancerNameLimit is the tightest limit, in characters, on the names made
	// from the `name` setting: bucket names may have 63, role names 64.
	loadBalancerNameLimit = 32
	// nameLimit is the longest `name` with which every physical name still fits.
	nameLimit = loadBalancerNameLimit - len("-alb")
	// nameMinimum is the shortest repository name that Amazon ECR accepts.
	nameMinimum = 2
	// startSecondsLimit is an hour: an application that needs longer does not start.
	startSecondsLimit = 3600
	highestPort       = 65535
)

var (
	namePattern     = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	imageTagPattern = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)
	// healthCheckPathPattern accepts the characters from ! to ~, except #.
	healthCheckPathPattern = regexp.MustCompile(`^/[!"$-~]*$`)
	bucketPattern          = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	// originPattern accepts what Amazon S3 does: a wildcard for the first label of the
	// host too.
	originPattern = regexp.MustCompile(`^(\*|https?://((\*\.)?[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9A-Fa-f:]+\])(:[1-9][0-9]{0,4})?)$`)
	// policyArnPattern captures the partition and the account. AWS's own policies
	// have the account aws (IAM user guide, "IAM identifiers").
	policyArnPattern = regexp.MustCompile(`^arn:(aws|aws-cn|aws-us-gov|aws-eusc):iam::(aws|[0-9]{12}):policy/([!-.0-~]+/)*[\w+=,.@-]{1,128}$`)
)

// reservedNamePrefixes are the beginnings of a name that AWS keeps for itself: the
// first two in Parameter Store, the others for security groups, load balancers and
// buckets.
var reservedNamePrefixes = []string{"aws", "ssm", "sg-", "internal-", "sthree-", "amzn-s3-demo-"}

// fargateMemory lists the memory sizes, in MiB, that AWS Fargate offers for
// each number of CPU units (Amazon ECS developer guide, "Task CPU and memory").
var fargateMemory = map[int][]int{
	256:   {512, 1024, 2048},
	512:   sizes(1024, 4096, 1024),
	1024:  sizes(2048, 8192, 1024),
	2048:  sizes(4096, 16384, 1024),
	4096:  sizes(8192, 30720, 1024),
	8192:  sizes(16384, 61440, 4096),
	16384: sizes(32768, 122880, 8192),
}

// sizes are the numbers from the smallest to the largest in equal steps.
func sizes(smallest, largest, step int) []int {
	var all []int
	for size := smallest; size <= largest; size += step {
		all = append(all, size)
	}
	return all
}

// The processors that AWS Fargate offers (Amazon ECS API reference,
// RuntimePlatform).
const (
	x86   = "X86_64"
	arm64 = "ARM64"
)

// What the container's own health check runs.
const (
	checkWithCurl = "curl"
	checkWithWget = "wget"
	noCheck       = "none"
)

// Where media files go 90 days after their upload: storage classes (Amazon S3
// API reference, Transition), or nowhere.
const (
	archiveGlacier          = "GLACIER"
	archiveInstantRetrieval = "GLACIER_IR"
	noArchive               = "NONE"
)

// The degrees to which CloudWatch observes a cluster (Amazon ECS API reference,
// ClusterSetting).
const (
	insightsEnabled  = "enabled"
	insightsEnhanced = "enhanced"
	insightsDisabled = "disabled"
)

// logRetentionDays are the retention periods that CloudWatch Logs accepts
// (API reference, PutRetentionPolicy).
var logRetentionDays = []int{
	1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731,
	1096, 1827, 2192, 2557, 2922, 3288, 3653,
}

// settings are what a user may choose about a stack. Pulumi.yaml says what each
// means, with its unit and its default; rows gives each its key and its rules.
type settings struct {
	name                   string
	appPort                int
	healthCheckPath        string
	containerHealthCheck   string
	startSeconds           int
	nodeEnv                string
	environment            map[string]string
	secrets                map[string]string
	secretsKeyArns         []string
	imageTag               string
	vpcID                  string
	loadBalancerSubnetIDs  []string
	taskSubnetIDs          []string
	assignPublicIP         bool
	internal               bool
	allowedCIDRBlocks      []string
	domainName             string
	hostedZoneID           string
	certificateArn         string
	cpu                    int
	memory                 int
	cpuArchitecture        string
	desiredCount           int
	minCapacity            int
	maxCapacity            int
	scaleUpCPU             int
	scaleDownCPU           int
	accessLogsBucket       string
	corsAllowedOrigins     []string
	archiveStorageClass    string
	logRetentionDays       int
	containerInsights      string
	oldVersionDays         int
	forceDestroy           bool
	executeCommand         bool
	protectData            bool
	permissionsBoundaryArn string
	adopted                bool
	alarmEmails            []string
	alarmTopicArn          string
	alarmErrorPercent      int
	alarmResponseSeconds   int
}

// rows are the settings, in the order of Pulumi.yaml and of the README. The
// rules that take more than a line stand below, and in the files config_*.go.
func (s *settings) rows() []setting {
	return []setting{
		row("name", &s.name, text,
			satisfies(isName, fmt.Sprintf("must be %d to %d lower-case letters, digits and single inner hyphens, "+
				"so that every name made from it is valid on AWS", nameMinimum, nameLimit)),
			satisfies(isNotReserved, "must not begin with "+alternatives(reservedNamePrefixes)+": AWS keeps these for itself")),
		row("appPort", &s.appPort, integer,
			between(1, highestPort, "must be a TCP port, from %d to %d")),
		row("healthCheckPath", &s.healthCheckPath, text,
			matches(healthCheckPathPattern, "must begin with / and consist of printable ASCII characters other than space and #: "+
				"the load balancer asks for the path as it is, and curl leaves out what is behind a #")),
		row("containerHealthCheck", &s.containerHealthCheck, text,
			oneOf("must be %s", checkWithCurl, checkWithWget, noCheck)),
		row("startSeconds", &s.startSeconds, integer,
			between(0, startSecondsLimit, "must be from %d to %d seconds")),
		row("nodeEnv", &s.nodeEnv, text),
		row("environment", &s.environment, variables, areNotSecret, areVariables),
		row("secrets", &s.secrets, variables, areVariables, s.areNotPlainToo, areSecretArns, inAccount(areInRegion)),
		row("secretsKeyArns", &s.secretsKeyArns, listOf("arn:aws:kms:eu-west-2:123456789012:key/01234567-89ab-cdef-0123-456789abcdef"),
			each(matches(keyArnPattern, "must be the ARN of a KMS key: arn:PARTITION:kms:REGION:ACCOUNT:key/ID")),
			isNotRepeated, inAccount(each(isInRegion))),
		row("imageTag", &s.imageTag, text,
			matches(imageTagPattern, "must be an image tag: 1 to 128 letters, digits, underscores, periods and hyphens, "+
				"not beginning with a period or a hyphen")),
		optional("vpcId", &s.vpcID,
			matches(vpcIDPattern, "must be the id of a VPC, such as vpc-0123456789abcdef0"), s.vpcHasSubnets),
		row("loadBalancerSubnetIds", &s.loadBalancerSubnetIDs, listOf("subnet-0123456789abcdef0"),
			each(matches(subnetIDPattern, "must be the id of a subnet, such as subnet-0123456789abcdef0")),
			s.haveVPC, areEnough, isNotRepeated, inAccount(s.areOfVPC), inAccount(areInZonesOfTheirOwn)),
		row("taskSubnetIds", &s.taskSubnetIDs, listOf("subnet-0123456789abcdef0"),
			each(matches(subnetIDPattern, "must be the id of a subnet, such as subnet-0123456789abcdef0")),
			s.haveVPC, isNotRepeated, inAccount(s.areOfVPC), inAccount(s.canRunTasks)),
		row("assignPublicIp", &s.assignPublicIP, boolean),
		row("internal", &s.internal, boolean),
		row("allowedCidrBlocks", &s.allowedCIDRBlocks, listOf("192.0.2.0/24"),
			satisfies(isNotEmpty, `must name at least one network; ["0.0.0.0/0"] lets everybody in`),
			each(satisfies(isNetwork, "must be an IPv4 network without host bits, such as 192.0.2.0/24")),
			isNotRepeated),
		optional("domainName", &s.domainName,
			matches(domainNamePattern, "must be a domain name such as media.example.com, in lower case: "+
				"labels of at most 63 letters, digits and inner hyphens, without a wildcard and without a dot at the end; "+
				"a name in another script is written in its xn-- form"),
			s.domainHasCertificate, s.certificateCanBeIssued),
		optional("hostedZoneId", &s.hostedZoneID,
			matches(hostedZoneIDPattern, "must be the id of a Route 53 hosted zone and nothing else: "+
				"at most 32 upper-case letters and digits, such as Z0123456789ABCDEFGHIJ"),
			s.hasDomain, inAccount(s.zoneHoldsDomain)),
		optional("certificateArn", &s.certificateArn,
			matches(certificateArnPattern, "must be the ARN of a certificate of AWS Certificate Manager: "+
				"arn:PARTITION:acm:REGION:ACCOUNT:certificate/ID"),
			s.hasDomain, inAccount(certificateIsWithinReach)),
		row("cpu", &s.cpu, integer,
			oneOf("must be a number of CPU units that AWS Fargate offers: %s", slices.Sorted(maps.Keys(fargateMemory))...)),
		row("memory", &s.memory, integer, s.memoryFitsCPU),
		row("cpuArchitecture", &s.cpuArchitecture, text,
			oneOf("must be a processor that AWS Fargate offers: %s", x86, arm64), inAccount(tasksFitRegion)),
		row("desiredCount", &s.desiredCount, integer, notBelow(0, "must be %d or more tasks")),
		row("minCapacity", &s.minCapacity, integer, notBelow(0, "must be %d or more tasks")),
		row("maxCapacity", &s.maxCapacity, integer, notBelow(1, "must be %d or more tasks"), s.capacitiesFit),
		row("scaleUpCpu", &s.scaleUpCPU, integer,
			between(1, 99, "must be a percentage, from %d to %d: the utilisation never exceeds 100, so no task would be added")),
		row("scaleDownCpu", &s.scaleDownCPU, integer,
			between(1, 98, "must be a percentage, from %d to %d, below scaleUpCpu"), s.scalesDownBelowScalingUp),
		optional("accessLogsBucket", &s.accessLogsBucket,
			matches(bucketPattern, "must be the name of a bucket: 3 to 63 lower-case letters, digits, hyphens and periods, "+
				"beginning and ending with a letter or a digit")),
		row("corsAllowedOrigins", &s.corsAllowedOrigins, listOf("https://media.example.com"),
			satisfies(isNotEmpty, `must name at least one origin; ["*"] allows every origin`),
			each(matches(originPattern, "must be * or scheme://host[:port] with the scheme http or https, and nothing behind it"))),
		row("archiveStorageClass", &s.archiveStorageClass, text,
			oneOf("must be %s", archiveGlacier, archiveInstantRetrieval, noArchive)),
		row("logRetentionDays", &s.logRetentionDays, integer,
			oneOf("must be a number of days that CloudWatch Logs accepts: %s", logRetentionDays...)),
		row("containerInsights", &s.containerInsights, text,
			oneOf("must be %s", insightsEnabled, insightsEnhanced, insightsDisabled)),
		row("oldVersionDays", &s.oldVersionDays, integer,
			notBelow(0, "must be %d or more days; 0 keeps old versions for ever")),
		row("forceDestroy", &s.forceDestroy, boolean),
		row("executeCommand", &s.executeCommand, boolean),
		row("protectData", &s.protectData, boolean),
		optional("permissionsBoundaryArn", &s.permissionsBoundaryArn,
			matches(policyArnPattern, "must be the ARN of an IAM policy: arn:PARTITION:iam::ACCOUNT:policy/NAME, "+
				"with aws as the account for a policy of AWS's own"),
			inAccount(boundaryIsOfAccount)),
		row("adopted", &s.adopted, boolean),
		row("alarmEmails", &s.alarmEmails, listOf("oncall@example.com"),
			each(matches(emailPattern, "must be an e-mail address, NAME@DOMAIN, of letters, digits and _+'&=~-. characters")),
			isNotRepeated),
		optional("alarmTopicArn", &s.alarmTopicArn,
			matches(topicArnPattern, "must be the ARN of an Amazon SNS topic: arn:PARTITION:sns:REGION:ACCOUNT:NAME, "+
				"and not of a FIFO topic, to which only senders that name a message group can publish"),
			inAccount(isInRegion), inAccount(s.topicIsNotOwn)),
		// At 100 percent the alarm could never be raised.
		row("alarmErrorPercent", &s.alarmErrorPercent, integer, between(1, 99, "must be a percentage, from %d to %d")),
		row("alarmResponseSeconds", &s.alarmResponseSeconds, integer,
			between(1, idleTimeout-1, "must be from %d to %d seconds: "+
				fmt.Sprintf("after %d the load balancer gives up", idleTimeout))),
	}
}

func isNotEmpty(elements []string) bool { return len(elements) > 0 }

// isName tells whether every name that is made from the text has a form that AWS
// accepts.
func isName(name string) bool {
	return len(name) >= nameMinimum && len(name) <= nameLimit && namePattern.MatchString(name)
}

// isNotReserved tells whether AWS accepts the beginning of the name.
func isNotReserved(name string) bool {
	return !slices.ContainsFunc(reservedNamePrefixes, func(prefix string) bool { return strings.HasPrefix(name+"-", prefix) })
}

// memoryFitsCPU refuses a size that AWS Fargate does not offer with cpu.
func (s *settings) memoryFitsCPU(r *settingsReader, key string, memory int) {
	if offered, found := fargateMemory[s.cpu]; found {
		r.check(key, memory, slices.Contains(offered, memory),
			fmt.Sprintf("must be a number of MiB that AWS Fargate offers with cpu %d: %s", s.cpu, alternatives(offered)))
	}
}

// capacitiesFit refuses numbers of tasks that contradict each other.
func (s *settings) capacitiesFit(r *settingsReader, _ string, _ int) {
	if r.accepted("maxCapacity") {
		r.check("minCapacity", s.minCapacity, s.minCapacity <= s.maxCapacity,
			fmt.Sprintf("must not be above maxCapacity (%d)", s.maxCapacity))
	}
	if r.accepted("minCapacity", "maxCapacity") {
		r.check("desiredCount", s.desiredCount, s.desiredCount >= s.minCapacity && s.desiredCount <= s.maxCapacity,
			fmt.Sprintf("must be from minCapacity (%d) to maxCapacity (%d), because AWS moves the number of tasks into this range "+
				"as soon as autoscaling is set up; to begin without a task, set minCapacity to 0 too", s.minCapacity, s.maxCapacity))
	}
}

// scalesDownBelowScalingUp refuses thresholds that cross.
func (s *settings) scalesDownBelowScalingUp(r *settingsReader, key string, threshold int) {
	if r.accepted("scaleUpCpu") {
		r.check(key, threshold, threshold < s.scaleUpCPU,
			fmt.Sprintf("must be below scaleUpCpu (%d), or the service would scale up and down at once", s.scaleUpCPU))
	}
}

// boundaryIsOfAccount refuses a policy that IAM does not take as a boundary.
func boundaryIsOfAccount(r *settingsReader, key, policy string) {
	arn := policyArnPattern.FindStringSubmatch(policy)
	partition, account := arn[1], arn[2]
	r.check(key, policy, partition == r.environment.partition && (account == r.environment.accountID || account == "aws"),
		fmt.Sprintf("must be a policy of the stack's own account, %s in the partition %s, or one of AWS's own there: "+
			"IAM accepts no other boundary", r.environment.accountID, r.environment.partition))
}

// physicalName makes a name that AWS shows: the pattern with {name} replaced by
// the `name` setting.
func (s settings) physicalName(pattern string) string {
	return strings.ReplaceAll(pattern, "{name}", s.name)
}

// keep is the option with which a resource that was adopted keeps a property
// that AWS cannot change in place, such as its physical name. Another value
// would replace the resource.
func (s settings) keep(property string) pulumi.ResourceOption {
	if !s.adopted {
		return pulumi.Composite()
	}
	return pulumi.IgnoreChanges([]string{property})
}
