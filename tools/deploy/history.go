package deploy

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// past is a deployment in AWS's record, and what it was meant to run.
type past struct {
	types.ServiceDeploymentBrief
	definition string
	images     []types.ContainerImage
	// image and digest are the application's. The digest is empty if no task ever started, or if the task definition keeps
	// AWS from recording it.
	image, digest string
}

// String names the image.
func (p *past) String() string {
	switch {
	case p.image == "":
		return "an image that AWS does not know"
	case strings.Contains(p.image, "@"):
		return p.image
	case p.digest == "":
		return p.image + " (digest unknown)"
	}
	return fmt.Sprintf("%s (%s)", p.image, p.digest)
}

// failed tells whether ECS went back from the deployment, or is about to.
func (p *past) failed() bool { return strings.HasPrefix(string(p.Status), "ROLLBACK_") }

// listRecord lists the deployments in AWS's record of the service, in no particular order.
func (r *run) listRecord(ctx context.Context) ([]types.ServiceDeploymentBrief, error) {
	var record []types.ServiceDeploymentBrief
	input := &ecs.ListServiceDeploymentsInput{Cluster: &r.outputs.cluster, Service: &r.outputs.service, MaxResults: aws.Int32(100)}
	for {
		answer, err := r.clients.ecs.ListServiceDeployments(ctx, input)
		if err != nil {
			return nil, err
		}
		record = append(record, answer.ServiceDeployments...)
		if input.NextToken = answer.NextToken; aws.ToString(input.NextToken) == "" {
			return record, nil
		}
	}
}

// describeRecord reads the whole of one entry of the record.
func (r *run) describeRecord(ctx context.Context, arn string) (types.ServiceDeployment, error) {
	answer, err := r.clients.ecs.DescribeServiceDeployments(ctx, &ecs.DescribeServiceDeploymentsInput{ServiceDeploymentArns: []string{arn}})
	if err != nil {
		return types.ServiceDeployment{}, err
	}
	if len(answer.ServiceDeployments) == 0 {
		return types.ServiceDeployment{}, fail(exitAPI, "AWS answered without the deployment %s", arn)
	}
	return answer.ServiceDeployments[0], nil
}

// readCourse reads the service's deployments as AWS recorded them.
func (r *run) readCourse(ctx context.Context) error {
	record, err := r.listRecord(ctx)
	if err != nil {
		return err
	}
	if len(record) == 0 {
		return fail(exitNothing, "nothing to go back to: AWS has no record of a deployment of service %s; it keeps 90 days", r.outputs.service)
	}
	slices.SortFunc(record, func(a, b types.ServiceDeploymentBrief) int {
		return aws.ToTime(a.CreatedAt).Compare(aws.ToTime(b.CreatedAt))
	})
	history := make([]*past, len(record))
	for i, each := range record {
		history[i] = &past{ServiceDeploymentBrief: each}
	}
	// AWS describes at most 20 at once.
	for batch := range slices.Chunk(history, 20) {
		input := &ecs.DescribeServiceRevisionsInput{}
		for _, each := range batch {
			if arn := aws.ToString(each.TargetServiceRevisionArn); !slices.Contains(input.ServiceRevisionArns, arn) {
				input.ServiceRevisionArns = append(input.ServiceRevisionArns, arn)
			}
		}
		answer, err := r.clients.ecs.DescribeServiceRevisions(ctx, input)
		if err != nil {
			return err
		}
		for _, each := range batch {
			for _, revision := range answer.ServiceRevisions {
				if aws.ToString(revision.ServiceRevisionArn) == aws.ToString(each.TargetServiceRevisionArn) {
					each.read(revision, r.outputs.container)
				}
			}
		}
	}
	r.course = courseOf(history)
	r.stops = r.isStoppable()
	return nil
}

// read reads what a deployment was meant to run.
func (p *past) read(revision types.ServiceRevision, container string) {
	p.definition, p.images = aws.ToString(revision.TaskDefinition), revision.ContainerImages
	for _, each := range p.images {
		if aws.ToString(each.ContainerName) == container {
			p.image, p.digest = aws.ToString(each.Image), aws.ToString(each.ImageDigest)
		}
	}
	if _, named, found := strings.Cut(p.image, "@"); p.digest == "" && found {
		p.digest = named
	}
}

// course is what AWS's record says of the images that the service ran.
type course struct {
	history []*past // the whole record, the oldest first
	newest  *past   // its last entry
	runs    []*past // the deployments whose image ran
	// current is the image that runs, and target the one below it, where a rollback goes. Either may be nil.
	current, target *past
}

// courseOf tells where a rollback goes, from a record that is not empty.
//
// Think of what the service ran as a stack of images. A successful deployment puts its image on top. If the image is in
// the stack already, the service went back to it, so everything above it comes off. The current image is on top, even
// while its deployment is under way or after it was stopped, and a rollback goes to the one below. A deployment without a
// digest never started a task, so it ran nothing.
func courseOf(history []*past) course {
	c := course{history: history, newest: history[len(history)-1]}
	for _, each := range history {
		if each.Status == types.ServiceDeploymentStatusSuccessful && each.digest != "" || each == c.newest && !each.failed() {
			c.runs = append(c.runs, each)
		}
	}
	var stack []*past
	for _, each := range c.runs {
		again := slices.IndexFunc(stack, func(below *past) bool { return each.digest != "" && below.digest == each.digest })
		if again >= 0 {
			stack = stack[:again]
		}
		stack = append(stack, each)
	}
	if len(stack) > 0 {
		c.current = stack[len(stack)-1]
	}
	if len(stack) > 1 {
		c.target = stack[len(stack)-2]
	}
	return c
}

// since are the deployments after the target, or all.
func (c course) since(history []*past) []*past {
	return history[slices.Index(history, c.target)+1:]
}

// leftOut are the images that the service has come back from, each once.
func (c course) leftOut() string {
	var names []string
	for _, each := range c.since(c.runs) {
		if each.digest != c.current.digest && !slices.Contains(names, each.String()) {
			names = append(names, each.String())
		}
	}
	return strings.Join(names, ", ")
}
