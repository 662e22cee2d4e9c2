package fit

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

var (
	// initFailed is how docker's init process says that it cannot start the entry point.
	initFailed = regexp.MustCompile(`(?m)^\[FATAL tini .*\] exec .* failed: `)
	// execFormat is how the kernel says that a file is no program for this processor.
	execFormat = regexp.MustCompile(`(?i)exec format error`)
	// notExecutable is how it says that a file may not be executed.
	notExecutable = regexp.MustCompile(`(?i)(exec: "([^"]+)"|exec (\S+) failed): permission denied`)
)

// notStarted is the verdict on a container whose process cannot be started, with what docker says about it.
func notStarted(message string) *Verdict {
	verdict := &Verdict{Code: NotStarted, Problem: "docker cannot start it: " + message}
	match := notExecutable.FindStringSubmatch(message)
	switch {
	case execFormat.MatchString(message):
		verdict.Code = OtherFormat
		verdict.Remedy = "Its entry point is no program for this processor. Try an image for another processor on a machine of that kind; " +
			"a script needs a first line such as #!/bin/sh."
	case match != nil:
		file := match[2] + match[3]
		verdict.Remedy = fmt.Sprintf("Its user may not execute %s. Allow it in the Dockerfile: COPY --chmod=755, or RUN chmod 755 %s.", file, file)
	default:
		verdict.Remedy = "Its entry point and its user must be in the image: docker image inspect shows both. " +
			"A script also needs the interpreter that its first line names, and line ends without a carriage return."
	}
	return verdict
}

// installers are the lines of a Dockerfile that install a program, by package manager.
var installers = map[string]string{
	"apk":      "RUN apk add --no-cache %s",
	"apt-get":  "RUN apt-get update && apt-get install -y --no-install-recommends %s && rm -rf /var/lib/apt/lists/*",
	"microdnf": "RUN microdnf install -y %s",
	"dnf":      "RUN dnf install -y %s",
	"yum":      "RUN yum install -y %s",
}

// remedyForMissing says what to do about a health check whose program is not in the image: check with another program
// that is, install it, or leave the check to the load balancer.
func remedyForMissing(program string, helpful []string) string {
	const set = "pulumi config set mediaserver:containerHealthCheck "
	if len(helpful) == 0 {
		return "It has no package manager either, so let the load balancer's health check alone decide: " + set + "none"
	}
	if line, installs := installers[helpful[0]]; installs {
		return "Install it in the Dockerfile, before the line with USER: " + fmt.Sprintf(line, program)
	}
	return fmt.Sprintf("It has %s, so let the check run that: %s%s", helpful[0], set, helpful[0])
}

// hintAtPort says that the container's user may not listen on the port, if that can be the cause.
func (t *trial) hintAtPort(possible bool) string {
	user := t.user
	if own := aws.ToString(t.plan.Container.User); own != "" {
		user = own
	}
	name, _, _ := strings.Cut(user, ":")
	if !possible || t.plan.Port >= firstUnprivilegedPort || name == "" || name == "root" || name == "0" {
		return ""
	}
	return fmt.Sprintf("\nIts user %s may not listen on port %d on AWS Fargate, because that is below %d. Let the application listen on a higher one, "+
		"and tell the stack: pulumi config set mediaserver:appPort 8080", user, t.plan.Port, firstUnprivilegedPort)
}

// otherProcessor says how to let the tasks run on a platform, if they can.
func otherProcessor(platform string) string {
	architecture, offered := map[string]string{"linux/amd64": "X86_64", "linux/arm64": "ARM64"}[platform]
	if !offered {
		return ""
	}
	return ", or let the tasks run on its processor: pulumi config set mediaserver:cpuArchitecture " + architecture
}
