package deploy

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// historyLength is how many of the service's last successful deployments a rollback considers.
const historyLength = 100

// past is a deployment in AWS's record: what it was meant to run, when, and how it ended.
type past struct {
	arn, revision    string
	status           types.ServiceDeploymentStatus
	created, started time.Time
	definition       string
	images           []types.ContainerImage
	// image and digest are the application's. The digest is empty if no task ever started, or if the task definition keeps
	// AWS from recording it.
	image, digest string
}

// String names the image.
func (p *past) String() string {
	switch {
	case p == nil || p.image == "":
		return "an image that AWS does not know"
	case strings.Contains(p.image, "@"):
		return p.image
	case p.digest == "":
		return p.image + " (digest unknown)"
	}
	return fmt.Sprintf("%s (%s)", p.image, p.digest)
}

// listRecord lists the deployments in AWS's record of the service, in no particular order.
func (r *run) listRecord(ctx context.Context) ([]types.ServiceDeploymentBrief, error) {
	var record []types.ServiceDeploymentBrief
	input := &ecs.ListServiceDeploymentsInput{Cluster: &r.outputs.cluster, Service: &r.outputs.service, MaxResults: aws.Int32(100)}
	for {
		answer, err := call(ctx, r, r.clients.ecs.ListServiceDeployments, input)
		if err != nil {
			return nil, cannot(err, "read the past deployments of service %s", r.outputs.service)
		}
		record = append(record, answer.ServiceDeployments...)
		if input.NextToken = answer.NextToken; aws.ToString(input.NextToken) == "" {
			return record, nil
		}
	}
}

// describeRecord reads the whole of one entry of the record.
func (r *run) describeRecord(ctx context.Context, arn string) (types.ServiceDeployment, error) {
	answer, err := call(ctx, r, r.clients.ecs.DescribeServiceDeployments, &ecs.DescribeServiceDeploymentsInput{ServiceDeploymentArns: []string{arn}})
	if err != nil {
		return types.ServiceDeployment{}, cannot(err, "read the deployment %s", arn)
	}
	if len(answer.ServiceDeployments) == 0 {
		return types.ServiceDeployment{}, fail(exitAPI, "AWS answered without the deployment %s", arn)
	}
	return answer.ServiceDeployments[0], nil
}

// readHistory reads the service's deployments as AWS recorded them, the oldest first. The ones that succeeded are
// limited to the last historyLength.
func (r *run) readHistory(ctx context.Context) ([]*past, error) {
	record, err := r.listRecord(ctx)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(record, func(a, b types.ServiceDeploymentBrief) int {
		return aws.ToTime(a.CreatedAt).Compare(aws.ToTime(b.CreatedAt))
	})
	successes := 0
	for i := range slices.Backward(record) {
		if record[i].Status == types.ServiceDeploymentStatusSuccessful {
			if successes++; successes == historyLength {
				record = record[i:]
				break
			}
		}
	}
	var history []*past
	var revisions []string
	for _, each := range record {
		entry := &past{
			arn: aws.ToString(each.ServiceDeploymentArn), revision: aws.ToString(each.TargetServiceRevisionArn),
			status: each.Status, created: aws.ToTime(each.CreatedAt), started: aws.ToTime(each.CreatedAt),
		}
		if each.StartedAt != nil {
			entry.started = *each.StartedAt
		}
		history, revisions = append(history, entry), append(revisions, entry.revision)
	}
	ran, err := r.readRevisions(ctx, revisions)
	if err != nil {
		return nil, err
	}
	for _, each := range history {
		revision := ran[each.revision]
		each.definition, each.images = aws.ToString(revision.TaskDefinition), revision.ContainerImages
		each.image, each.digest = r.applicationImage(revision)
	}
	return history, nil
}

// readRevisions reads service revisions, by ARN.
func (r *run) readRevisions(ctx context.Context, arns []string) (map[string]types.ServiceRevision, error) {
	slices.Sort(arns)
	found := map[string]types.ServiceRevision{}
	// AWS describes at most 20 at once.
	for batch := range slices.Chunk(slices.Compact(arns), 20) {
		answer, err := call(ctx, r, r.clients.ecs.DescribeServiceRevisions, &ecs.DescribeServiceRevisionsInput{ServiceRevisionArns: batch})
		if err != nil {
			return nil, cannot(err, "read what service %s ran before", r.outputs.service)
		}
		for _, each := range answer.ServiceRevisions {
			found[aws.ToString(each.ServiceRevisionArn)] = each
		}
	}
	return found, nil
}

// applicationImage is the application's image in a revision, and its digest.
func (r *run) applicationImage(revision types.ServiceRevision) (image, digest string) {
	for _, each := range revision.ContainerImages {
		if aws.ToString(each.ContainerName) == r.outputs.container {
			image, digest = aws.ToString(each.Image), aws.ToString(each.ImageDigest)
			if _, named, found := strings.Cut(image, "@"); digest == "" && found {
				digest = named
			}
		}
	}
	return image, digest
}

// course is what AWS's record says of the images that the service ran.
type course struct {
	newest *past   // the last entry of the record; nil if there is none
	runs   []*past // the deployments whose image ran, the oldest first
	// current is the image that runs, and target the one below it, where a rollback goes. Either may be nil.
	current, target *past
}

// courseOf tells where a rollback goes.
//
// Think of what the service ran as a stack of images. A successful deployment puts its image on top. If the image is in
// the stack already, the service went back to it, so everything above it comes off. The current image is on top, even
// while its deployment is under way or after it was stopped, and a rollback goes to the one below. A deployment without a
// digest never started a task, so it ran nothing.
func courseOf(history []*past) course {
	var c course
	for i, each := range history {
		last := i == len(history)-1
		if last {
			c.newest = each
		}
		switch each.status {
		case types.ServiceDeploymentStatusSuccessful:
			if each.digest != "" || last {
				c.runs = append(c.runs, each)
			}
		case types.ServiceDeploymentStatusPending, types.ServiceDeploymentStatusInProgress,
			types.ServiceDeploymentStatusStopRequested, types.ServiceDeploymentStatusStopped:
			if last {
				c.runs = append(c.runs, each)
			}
		}
	}
	var stack []*past
	for _, each := range c.runs {
		again := slices.IndexFunc(stack, func(below *past) bool { return each.digest != "" && below.digest == each.digest })
		switch {
		case again < 0:
			stack = append(stack, each)
		case again == len(stack)-1:
			// It has run since its first deployment.
			renewed := *each
			renewed.started = stack[again].started
			stack[again] = &renewed
		default:
			stack = append(stack[:again:again], each)
		}
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
	return slices.DeleteFunc(slices.Clone(history), func(each *past) bool {
		return c.target != nil && !each.created.After(c.target.created)
	})
}

// leftOut are the images that the service has come back from, each once.
func (c course) leftOut() string {
	var names, digests []string
	for _, each := range c.since(c.runs) {
		if each.digest != c.current.digest && !slices.Contains(digests, each.digest) {
			names, digests = append(names, each.String()), append(digests, each.digest)
		}
	}
	return strings.Join(names, ", ")
}
