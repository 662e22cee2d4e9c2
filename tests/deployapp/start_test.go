package deployapp

import (
	"strings"
	"syscall"
	"testing"
)

// expectMayHaveStarted checks that the run says that a deployment may have started, and how to find out.
func (p performance) expectMayHaveStarted(t *testing.T, code int, phrases ...string) {
	t.Helper()
	p.expect(t, code, append(phrases,
		"a deployment of "+stackRevision+" may have started",
		"aws ecs describe-services --cluster "+cluster+" --services "+serviceName+" --region "+region,
		"it is none of these, which were there before: "+oldDeployment)...)
	if strings.Contains(p.output, "no deployment was started") || strings.Contains(p.output, "goes on in ECS") {
		t.Errorf("says more than anybody knows:\n%s", p.output)
	}
}

func TestARunThatIsInterruptedDuringTheStartSaysThatADeploymentMayHaveStarted(t *testing.T) {
	for name, signal := range map[string]syscall.Signal{
		"from the keyboard": syscall.SIGINT, "by the system": syscall.SIGTERM, "because the terminal is gone": syscall.SIGHUP,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play := happy().but("aws_ecs_update-service", answer{hangs: true})
			interrupt := interrupts(t, signal, "aws ecs update-service")
			perform(t, play, options{started: interrupt}, "--image", "app:built", "--poll", "0").
				expectMayHaveStarted(t, 130, "interrupted")
		})
	}
}

func TestAStartWithoutAnAnswerMayHaveHappened(t *testing.T) {
	timedOut := answer{stderr: "Read timeout on endpoint URL: \"https://ecs.eu-west-2.amazonaws.com/\"\n", exit: 255}
	throttled := refuses("ThrottlingException", "Rate exceeded")
	for name, answers := range map[string][]answer{
		"it times out":                                     {timedOut},
		"it times out, and is throttled then":              {timedOut, throttled},
		"it times out, and may not be tried again":         {timedOut, refuses("AccessDeniedException", "User is not authorized")},
		"the AWS CLI is killed":                            {{signal: "KILL"}},
		"the AWS CLI breaks":                               {{stderr: "Segmentation fault\n", exit: 139}},
		"the answer is empty":                              {says("")},
		"the answer is cut short":                          {says(`{"service": {"deployments": [{"id": "ecs-`)},
		"AWS fails inside":                                 {refuses("ServerException", "Service Unavailable. Please try again later.")},
		"a gateway of AWS fails":                           {{stderr: "An error occurred (502) when calling the UpdateService operation: Bad Gateway\n", exit: 254}},
		"the answer shows no new deployment":               {updated(service(2, 2, oldComplete))},
		"the answer is of another kind, which nobody sent": {says(object{"message": "hello"})},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			deploy(t, happy().but("aws_ecs_update-service", answers...)).expectMayHaveStarted(t, 14)
		})
	}
}

func TestAStartThatAWSRefusedHasNotHappened(t *testing.T) {
	for name, refusal := range map[string]answer{
		"throttled":   refuses("ThrottlingException", "Rate exceeded"),
		"not allowed": refuses("AccessDeniedException", "User is not authorized"),
		"invalid":     refuses("InvalidParameterException", "The container mediaserver does not exist in the task definition."),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result := deploy(t, happy().but("aws_ecs_update-service", refusal))
			result.expect(t, 14, "cannot start a deployment of service "+serviceName)
			if strings.Contains(result.output, "may have started") {
				t.Errorf("doubts a clear refusal:\n%s", result.output)
			}
		})
	}
}

func TestAStartWhoseAnswerWasLostIsTriedAgainAndAccountedFor(t *testing.T) {
	lost := alienStart.with(func(d *deployment) { d.Status = "ACTIVE" })
	result := deploy(t, happy().but("aws_ecs_update-service",
		answer{stderr: "Connection was closed before we received a valid response from endpoint URL\n", exit: 255},
		updated(service(2, 2, ourStart, lost, oldActive))))
	result.expect(t, 0, "trying again", "deployment "+aliensDeploy+" was started at the same moment, or by this run's attempt whose answer was lost; this one replaces it")
}

// The AWS CLI retries by itself, and tells nobody that an earlier attempt went unanswered.
func TestEachAttemptToStartIsOneCall(t *testing.T) {
	result := deploy(t, happy().but("aws_ecs_update-service", refuses("AccessDeniedException", "no")))
	if result.environment != "\nstandard\n1\n" {
		t.Errorf("AWS_PAGER, AWS_RETRY_MODE and AWS_MAX_ATTEMPTS are %q", result.environment)
	}
}
