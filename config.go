package main

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The defaults of the settings. Pulumi.yaml states the same values for the
// command line's use; the code needs them where no command line is involved.
const (
	// defaultName gives the physical names of docs/resources.md.
	defaultName = "mediaserver"
	// defaultAppPort is the port of steps 4 and 27.
	defaultAppPort = 3000
	// defaultHealthCheckPath is the path of steps 23 and 27.
	defaultHealthCheckPath = "/health"
	// defaultNodeEnv is what Node.js libraries expect on a server.
	defaultNodeEnv = "production"
	// defaultImageTag is the tag of step 27.
	defaultImageTag = "latest"
	// defaultDomainName, defaultHostedZoneID and defaultCertificateArn leave the
	// load balancer at the name that AWS gave it, on port 80, as in step 24.
	defaultDomainName     = ""
	defaultHostedZoneID   = ""
	defaultCertificateArn = ""
	// defaultCPU is a quarter of a vCPU, as in step 27.
	defaultCPU = 256
	// defaultMemory is in MiB, as in step 27.
	defaultMemory = 512
	// defaultCPUArchitecture is what ECS runs where a task definition names none.
	defaultCPUArchitecture = x86
	// defaultDesiredCount is the number of tasks of step 28.
	defaultDesiredCount = 2
	// defaultMinCapacity and defaultMaxCapacity are those of step 29.
	defaultMinCapacity = 1
	defaultMaxCapacity = 10
	// defaultScaleUpCPU and defaultScaleDownCPU are the thresholds, in percent,
	// of steps 32 and 33.
	defaultScaleUpCPU   = 70
	defaultScaleDownCPU = 20
	// defaultLogRetentionDays is the retention of steps 34 and 35.
	defaultLogRetentionDays = 30
	// defaultContainerInsights is the setting of step 25.
	defaultContainerInsights = insightsEnabled
	// defaultOldVersionDays keeps old versions for ever: no rule of step 10 deletes
	// any.
	defaultOldVersionDays = 0
	// defaultForceDestroy lets a stack be torn down with its media, as step 5 has
	// it for testing.
	defaultForceDestroy = true
	// defaultExecuteCommand turns ECS Exec on, as in step 28.
	defaultExecuteCommand = true
	// defaultProtectData leaves `pulumi destroy` able to remove everything.
	defaultProtectData = false
	// defaultPermissionsBoundaryArn gives the roles no boundary: which policy
	// bounds them is for the account to say.
	defaultPermissionsBoundaryArn = ""
	// defaultAdopted is for a stack that made its resources itself.
	defaultAdopted = false
	// defaultAlarmTopicArn tells nobody: who is to be told is for the user to say.
	defaultAlarmTopicArn = ""
	// defaultAlarmErrorPercent lets a single failing page pass, and notices one
	// broken task of ten.
	defaultAlarmErrorPercent = 5
	// defaultAlarmResponseSeconds is longer than an upload of an ordinary picture
	// takes, which counts as response time, and shorter than users wait.
	defaultAlarmResponseSeconds = 5
)

// defaultAlarmEmails tells nobody, for the same reason.
var defaultAlarmEmails = []string{}

// defaultCORSAllowedOrigins allows every origin, as in step 9.
var defaultCORSAllowedOrigins = []string{anyOrigin}

// Limits on names, from the AWS documentation of each resource.
const (
	// loadBalancerNameLimit is the longest name of a load balancer, in
	// characters. It is the tightest limit on the names made from the `name`
	// setting: bucket names may have 63 characters, role names 64.
	loadBalancerNameLimit = 32
	// nameLimit is the longest `name` with which every physical name still fits.
	nameLimit = loadBalancerNameLimit - len("-alb")
	// nameMinimum is the shortest repository name that Amazon ECR accepts.
	nameMinimum = 2
	// healthCheckPathLimit is the longest health-check path of a target group.
	healthCheckPathLimit = 1024
	// highestPort is the last TCP port.
	highestPort = 65535
	// anyOrigin is the CORS origin that stands for every origin.
	anyOrigin = "*"
	// oldVersionDaysLimit is a hundred years. Amazon S3 names no limit; what is
	// beyond is a slip, and for ever is 0.
	oldVersionDaysLimit = 36500
)

var (
	namePattern     = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	imageTagPattern = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)
	// healthCheckPathPattern lets ! to ~ through but #.
	healthCheckPathPattern = regexp.MustCompile(`^/[!"$-~]*$`)
	hostPattern            = regexp.MustCompile(`^(\*\.)?[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$`)
	// policyArnPattern has the partition and the account as its groups; the
	// account of a policy of AWS's own is aws (IAM user guide, "IAM identifiers").
	policyArnPattern = regexp.MustCompile(`^arn:(aws|aws-cn|aws-us-gov):iam::(aws|[0-9]{12}):policy/([!-.0-~]+/)*[\w+=,.@-]{1,128}$`)
)

// reservedNamePrefixes are the beginnings of a name that AWS keeps for itself,
// each with the resource that would be refused.
var reservedNamePrefixes = []struct{ prefix, reason string }{
	{"aws", "Parameter Store keeps names that begin with aws"},
	{"ssm", "Parameter Store keeps names that begin with ssm"},
	{"sg-", "the name of a security group must not begin with sg-"},
	{"internal-", "the name of a load balancer must not begin with internal-"},
	{"sthree-", "the name of a bucket must not begin with sthree-"},
	{"amzn-s3-demo-", "the name of a bucket must not begin with amzn-s3-demo-"},
}

// fargateMemory lists the memory sizes, in MiB, that AWS Fargate offers for
// each number of CPU units (Amazon ECS developer guide, "Task CPU and memory").
var fargateMemory = []struct {
	cpu    int
	memory []int
}{
	{cpu: 256, memory: []int{512, 1024, 2048}},
	{cpu: 512, memory: sizes(1024, 4096, 1024)},
	{cpu: 1024, memory: sizes(2048, 8192, 1024)},
	{cpu: 2048, memory: sizes(4096, 16384, 1024)},
	{cpu: 4096, memory: sizes(8192, 30720, 1024)},
	{cpu: 8192, memory: sizes(16384, 61440, 4096)},
	{cpu: 16384, memory: sizes(32768, 122880, 8192)},
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

// settings are what a user may choose about a stack. All are optional.
type settings struct {
	// name is the beginning of every physical name. Default: mediaserver.
	name string
	// appPort is the TCP port on which the application listens. Default: 3000.
	appPort int
	// healthCheckPath is the path that answers 200 while the application is
	// healthy. Default: /health.
	healthCheckPath string
	// nodeEnv is the application's NODE_ENV. Default: production.
	nodeEnv string
	// imageTag is the tag of the image that the tasks run. Default: latest.
	imageTag string
	// domainName is the name at which users reach the application over HTTPS.
	// Default: empty, plain HTTP at the load balancer's own name.
	domainName string
	// hostedZoneID is the Route 53 zone in which the records of domainName are
	// made. Default: empty, no records.
	hostedZoneID string
	// certificateArn is the certificate of AWS Certificate Manager to use for
	// domainName. Default: empty, one is requested.
	certificateArn string
	// cpu is the size of a task in CPU units; 1024 are one vCPU. Default: 256.
	cpu int
	// memory is the size of a task in MiB. Default: 512.
	memory int
	// cpuArchitecture is the processor that tasks run on, and for which the image
	// is built: X86_64 or ARM64. Default: X86_64.
	cpuArchitecture string
	// desiredCount is the number of tasks that the service starts with; later
	// the scaling policies own it. 0, together with minCapacity 0, creates the
	// service without a task. Default: 2.
	desiredCount int
	// minCapacity is the lowest number of tasks that scaling in leaves.
	// Default: 1.
	minCapacity int
	// maxCapacity is the highest number of tasks that scaling out reaches.
	// Default: 10.
	maxCapacity int
	// scaleUpCPU is the average CPU utilisation, in percent, above which a task
	// is added. Default: 70.
	scaleUpCPU int
	// scaleDownCPU is the average CPU utilisation, in percent, below which a
	// task is removed. Default: 20.
	scaleDownCPU int
	// corsAllowedOrigins are the origins whose pages may use the bucket from a
	// browser. Default: every origin.
	corsAllowedOrigins []string
	// logRetentionDays is how long both log groups keep an event. Default: 30.
	logRetentionDays int
	// containerInsights is how closely CloudWatch observes the cluster: enabled,
	// enhanced or disabled. Default: enabled.
	containerInsights string
	// oldVersionDays is how many days the bucket keeps a file that was overwritten
	// or deleted. Default: 0, for ever.
	oldVersionDays int
	// forceDestroy lets the bucket and the registry be deleted with what they
	// hold. Default: true.
	forceDestroy bool
	// executeCommand lets people open a shell in a running task with ECS Exec.
	// Default: true.
	executeCommand bool
	// protectData makes Pulumi refuse to delete or replace what cannot be made
	// again: the bucket and its name, the registry, the JWT secret.
	// Default: false.
	protectData bool
	// permissionsBoundaryArn is the managed policy that bounds what both roles
	// may do, whatever else they are granted. Default: empty, no boundary.
	permissionsBoundaryArn string
	// adopted says that the resources come from elsewhere, and leaves those that
	// exist what AWS cannot change in place: their names, whatever name says, and
	// the rules by which images expire. Default: false.
	adopted bool
	// alarmEmails are the e-mail addresses that are told of alarms. They or
	// alarmTopicArn turn the alarms on. Default: none.
	alarmEmails []string
	// alarmTopicArn is an existing Amazon SNS topic that is told of alarms.
	// Default: empty, none.
	alarmTopicArn string
	// alarmErrorPercent is the share of failed requests, in percent, above which
	// an alarm is raised. Default: 5.
	alarmErrorPercent int
	// alarmResponseSeconds is the response time, in seconds, above which the
	// slowest hundredth of the requests raises an alarm. Default: 5.
	alarmResponseSeconds int
}

// loadSettings reads the settings of the stack and checks them. It reports
// every problem in one error, and registers no resource.
func loadSettings(ctx *pulumi.Context) (settings, error) {
	reader := settingsReader{ctx: ctx}
	loaded := settings{
		name:               reader.text("name", defaultName),
		appPort:            reader.integer("appPort", defaultAppPort),
		healthCheckPath:    reader.text("healthCheckPath", defaultHealthCheckPath),
		nodeEnv:            reader.text("nodeEnv", defaultNodeEnv),
		imageTag:           reader.text("imageTag", defaultImageTag),
		domainName:         reader.optionalText("domainName", defaultDomainName),
		hostedZoneID:       reader.optionalText("hostedZoneId", defaultHostedZoneID),
		certificateArn:     reader.optionalText("certificateArn", defaultCertificateArn),
		cpu:                reader.integer("cpu", defaultCPU),
		memory:             reader.integer("memory", defaultMemory),
		cpuArchitecture:    reader.text("cpuArchitecture", defaultCPUArchitecture),
		desiredCount:       reader.integer("desiredCount", defaultDesiredCount),
		minCapacity:        reader.integer("minCapacity", defaultMinCapacity),
		maxCapacity:        reader.integer("maxCapacity", defaultMaxCapacity),
		scaleUpCPU:         reader.integer("scaleUpCpu", defaultScaleUpCPU),
		scaleDownCPU:       reader.integer("scaleDownCpu", defaultScaleDownCPU),
		corsAllowedOrigins: reader.list("corsAllowedOrigins", defaultCORSAllowedOrigins, "https://media.example.com"),
		logRetentionDays:   reader.integer("logRetentionDays", defaultLogRetentionDays),
		containerInsights:  reader.text("containerInsights", defaultContainerInsights),
		oldVersionDays:     reader.integer("oldVersionDays", defaultOldVersionDays),
		forceDestroy:       reader.boolean("forceDestroy", defaultForceDestroy),
		executeCommand:     reader.boolean("executeCommand", defaultExecuteCommand),
		protectData:        reader.boolean("protectData", defaultProtectData),

		permissionsBoundaryArn: reader.optionalText("permissionsBoundaryArn", defaultPermissionsBoundaryArn),
		adopted:                reader.boolean("adopted", defaultAdopted),
		alarmEmails:            reader.list("alarmEmails", defaultAlarmEmails, "oncall@example.com"),
		alarmTopicArn:          reader.optionalText("alarmTopicArn", defaultAlarmTopicArn),
		alarmErrorPercent:      reader.integer("alarmErrorPercent", defaultAlarmErrorPercent),
		alarmResponseSeconds:   reader.integer("alarmResponseSeconds", defaultAlarmResponseSeconds),
	}
	reader.rejectUnknownKeys()
	loaded.validate(&reader)
	if err := reader.failure(); err != nil {
		return settings{}, err
	}
	return loaded, nil
}

// validate reports to the reader every rule that a well-formed setting breaks.
func (s settings) validate(reader *settingsReader) {
	reader.check("name", s.name, len(s.name) >= nameMinimum && len(s.name) <= nameLimit && namePattern.MatchString(s.name),
		fmt.Sprintf("must be %d to %d lower-case letters, digits and single inner hyphens, so that every name made from it is valid on AWS", nameMinimum, nameLimit))
	for _, reserved := range reservedNamePrefixes {
		reader.check("name", s.name, !strings.HasPrefix(s.name+"-", reserved.prefix),
			fmt.Sprintf("must not begin with %q: %s", reserved.prefix, reserved.reason))
	}
	reader.check("appPort", s.appPort, s.appPort >= 1 && s.appPort <= highestPort,
		fmt.Sprintf("must be a TCP port, from 1 to %d", highestPort))
	reader.check("healthCheckPath", s.healthCheckPath,
		healthCheckPathPattern.MatchString(s.healthCheckPath) && len(s.healthCheckPath) <= healthCheckPathLimit,
		fmt.Sprintf("must begin with / and consist of printable ASCII characters other than space and #, at most %d: "+
			"the load balancer asks for the path as it is, and curl leaves out what is behind a #", healthCheckPathLimit))
	reader.check("nodeEnv", s.nodeEnv, strings.TrimSpace(s.nodeEnv) != "", "must not be blank")
	reader.check("imageTag", s.imageTag, imageTagPattern.MatchString(s.imageTag),
		"must be an image tag: 1 to 128 letters, digits, underscores, periods and hyphens, not beginning with a period or a hyphen")
	s.validateTaskSize(reader)
	reader.check("cpuArchitecture", s.cpuArchitecture, slices.Contains([]string{x86, arm64}, s.cpuArchitecture),
		fmt.Sprintf("must be a processor that AWS Fargate offers: %s or %s", x86, arm64))
	s.validateCapacity(reader)
	reader.check("scaleUpCpu", s.scaleUpCPU, s.scaleUpCPU >= 1 && s.scaleUpCPU < 100,
		"must be a percentage, from 1 to 99: the utilisation never exceeds 100, so no task would be added")
	reader.check("scaleDownCpu", s.scaleDownCPU, s.scaleDownCPU >= 1 && s.scaleDownCPU <= 98,
		"must be a percentage, from 1 to 98, below scaleUpCpu")
	if reader.accepted("scaleUpCpu") {
		reader.check("scaleDownCpu", s.scaleDownCPU, s.scaleDownCPU < s.scaleUpCPU,
			fmt.Sprintf("must be below scaleUpCpu (%d), or the service would scale up and down at once", s.scaleUpCPU))
	}
	reader.check("corsAllowedOrigins", s.corsAllowedOrigins, len(s.corsAllowedOrigins) > 0,
		`must name at least one origin; ["*"] allows every origin`)
	for i, origin := range s.corsAllowedOrigins {
		reader.check(fmt.Sprintf("corsAllowedOrigins[%d]", i), origin, isOrigin(origin),
			"must be * or scheme://host[:port] with the scheme http or https, and nothing behind it")
	}
	reader.check("logRetentionDays", s.logRetentionDays, slices.Contains(logRetentionDays, s.logRetentionDays),
		fmt.Sprintf("must be a number of days that CloudWatch Logs accepts: %s", enumerate(logRetentionDays)))
	reader.check("containerInsights", s.containerInsights,
		slices.Contains([]string{insightsEnabled, insightsEnhanced, insightsDisabled}, s.containerInsights),
		fmt.Sprintf("must be %s, %s or %s", insightsEnabled, insightsEnhanced, insightsDisabled))
	reader.check("oldVersionDays", s.oldVersionDays, s.oldVersionDays >= 0 && s.oldVersionDays <= oldVersionDaysLimit,
		fmt.Sprintf("must be a number of days from 1 to %d, or 0 to keep old versions for ever", oldVersionDaysLimit))
	reader.check("permissionsBoundaryArn", s.permissionsBoundaryArn,
		s.permissionsBoundaryArn == "" || policyArnPattern.MatchString(s.permissionsBoundaryArn),
		"must be the ARN of an IAM policy: arn:PARTITION:iam::ACCOUNT:policy/NAME, with aws as the account for a policy of AWS's own")
	s.validateDomain(reader)
	s.validateAlarms(reader)
}

// validateFor reports every setting that does not fit the account in which the
// stack is.
func (s settings) validateFor(ctx *pulumi.Context, environment environmentOutputs) error {
	reader := settingsReader{ctx: ctx}
	if arn := policyArnPattern.FindStringSubmatch(s.permissionsBoundaryArn); arn != nil {
		partition, account := arn[1], arn[2]
		reader.check("permissionsBoundaryArn", s.permissionsBoundaryArn,
			partition == environment.partition && (account == environment.accountID || account == "aws"),
			fmt.Sprintf("must be a policy of the stack's own account, %s in the partition %s, or one of AWS's own there: "+
				"IAM takes no other as a boundary", environment.accountID, environment.partition))
	}
	s.validateDomainFor(&reader, environment)
	s.validateAlarmsFor(&reader, environment)
	return reader.failure()
}

// validateTaskSize checks cpu and memory against what AWS Fargate offers.
func (s settings) validateTaskSize(reader *settingsReader) {
	var offered []int
	for _, size := range fargateMemory {
		offered = append(offered, size.cpu)
		if size.cpu == s.cpu {
			reader.check("memory", s.memory, slices.Contains(size.memory, s.memory),
				fmt.Sprintf("must be a number of MiB that AWS Fargate offers with cpu %d: %s", size.cpu, enumerate(size.memory)))
		}
	}
	reader.check("cpu", s.cpu, slices.Contains(offered, s.cpu),
		fmt.Sprintf("must be a number of CPU units that AWS Fargate offers: %s", enumerate(offered)))
	reader.check("memory", s.memory, s.memory > 0, "must be a number of MiB above 0")
}

// validateCapacity checks the three numbers of tasks, alone and together.
func (s settings) validateCapacity(reader *settingsReader) {
	reader.check("desiredCount", s.desiredCount, s.desiredCount >= 0, "must be 0 or more tasks")
	reader.check("minCapacity", s.minCapacity, s.minCapacity >= 0, "must be 0 or more tasks")
	reader.check("maxCapacity", s.maxCapacity, s.maxCapacity >= 1, "must be 1 or more tasks")
	if reader.accepted("maxCapacity") {
		reader.check("minCapacity", s.minCapacity, s.minCapacity <= s.maxCapacity,
			fmt.Sprintf("must not be above maxCapacity (%d)", s.maxCapacity))
	}
	if reader.accepted("minCapacity", "maxCapacity") {
		reader.check("desiredCount", s.desiredCount,
			s.desiredCount >= s.minCapacity && s.desiredCount <= s.maxCapacity,
			fmt.Sprintf("must be from minCapacity (%d) to maxCapacity (%d), because AWS moves the number of tasks into this range "+
				"as soon as autoscaling is set up; to begin without a task, set minCapacity to 0 too", s.minCapacity, s.maxCapacity))
	}
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

// isOrigin tells whether a CORS rule may name the origin: * or
// scheme://host[:port]. Amazon S3 accepts a wildcard for the first label of
// the host.
func isOrigin(origin string) bool {
	if origin == anyOrigin {
		return true
	}
	parsed, err := url.Parse(origin)
	if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" {
		return false
	}
	host, port := parsed.Hostname(), parsed.Port()
	if !hostPattern.MatchString(host) && net.ParseIP(host) == nil {
		return false
	}
	if port != "" {
		number, err := strconv.Atoi(port)
		if err != nil || number < 1 || number > highestPort {
			return false
		}
	}
	// What the parts say must be all that the text says: no path, query,
	// fragment, user or dangling colon.
	return origin == parsed.Scheme+"://"+parsed.Host && !strings.HasSuffix(parsed.Host, ":") && parsed.User == nil
}

// enumerate lists numbers for a message: "1, 3, 5".
func enumerate(numbers []int) string {
	words := make([]string, len(numbers))
	for i, number := range numbers {
		words[i] = strconv.Itoa(number)
	}
	return strings.Join(words, ", ")
}
