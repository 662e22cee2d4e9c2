package acceptance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	tagging "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	taggingtypes "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"
	"github.com/aws/smithy-go"
)

// thing is something that is left in the account, with the command that takes it away.
type thing struct{ what, command string }

// patientLooks is how often the account is looked at until what is left counts: AWS takes a moment to delete.
const patientLooks = 12

// awaitNothing looks until nothing is left, or until AWS has had its time. It returns what is left then.
func (r *run) awaitNothing(ctx context.Context) ([]thing, error) {
	var left []thing
	looks := 0
	err := r.await(ctx, func() (string, error) {
		// ECS may still write what it measured, and so make the group again.
		if _, err := r.deleteInsights(ctx); err != nil {
			return "", err
		}
		var err error
		if left, err = r.left(ctx); err != nil {
			return "", err
		}
		looks++
		if len(left) > 0 && looks < patientLooks {
			return fmt.Sprintf("%d things are left", len(left)), nil
		}
		return "", nil
	})
	return left, err
}

// left is what is left of the run: what is there under the names that a stack gives, and what the Resource Groups
// Tagging API lists of a kind that no such look-up covers. What it lists of the others may be long gone: it shows
// deleted resources for hours (aws-sdk#676).
func (r *run) left(ctx context.Context) ([]thing, error) {
	var left []thing
	for _, lookup := range lookups {
		found, err := lookup.find(r, ctx)
		if err != nil && !isMissing(err) {
			return nil, fmt.Errorf("look for %s: %w", lookup.what, err)
		}
		for _, id := range found {
			left = append(left, thing{lookup.what + " " + id, lookup.remove(r, id)})
		}
	}
	tagged, err := r.tagged(ctx)
	if err != nil {
		return nil, err
	}
	for _, arn := range tagged {
		if !slices.ContainsFunc(lookups, func(lookup lookup) bool { return lookup.covers(arn) }) {
			left = append(left, thing{arn, "# no command is known for " + arn})
		}
	}
	return left, nil
}

// tagged are the ARNs of what the Resource Groups Tagging API lists with the run's tag.
func (r *run) tagged(ctx context.Context) ([]string, error) {
	var arns []string
	pages := tagging.NewGetResourcesPaginator(tagging.NewFromConfig(r.target.Config), &tagging.GetResourcesInput{
		TagFilters: []taggingtypes.TagFilter{{Key: aws.String(RunTag), Values: []string{r.target.Name}}},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("look for what has the run's tag: %w", err)
		}
		for _, mapping := range page.ResourceTagMappingList {
			arns = append(arns, aws.ToString(mapping.ResourceARN))
		}
	}
	return arns, nil
}

// isMissing tells whether AWS answered that there is no such thing.
func isMissing(err error) bool {
	var failure smithy.APIError
	if !errors.As(err, &failure) {
		return false
	}
	code := failure.ErrorCode()
	return strings.Contains(code, "NotFound") || strings.Contains(code, "NoSuch") || strings.Contains(code, "DoesNotExist")
}

// insightsGroup is the log group that ECS makes for Container Insights and no stack takes away.
func insightsGroup(name string) string {
	return "/aws/ecs/containerinsights/" + name + "-cluster/performance"
}

// deleteInsights deletes that log group, and tells whether there was one.
func (r *run) deleteInsights(ctx context.Context) (bool, error) {
	_, err := r.clients.Logs.DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: aws.String(insightsGroup(r.target.Name))})
	if err != nil && !isMissing(err) {
		return false, fmt.Errorf("delete the log group of Container Insights: %w", err)
	}
	return err == nil, nil
}

// deletedAtOnce is how many revisions AWS deletes in one call.
const deletedAtOnce = 10

// deleteRevisions deregisters and deletes all revisions of the run's task definition, which a stack keeps, and returns
// their number.
func (r *run) deleteRevisions(ctx context.Context) (int, error) {
	active, err := r.revisions(ctx, types.TaskDefinitionStatusActive)
	if err != nil {
		return 0, err
	}
	for _, arn := range active {
		if _, err := r.clients.ECS.DeregisterTaskDefinition(ctx, &ecs.DeregisterTaskDefinitionInput{TaskDefinition: &arn}); err != nil {
			return 0, fmt.Errorf("deregister %s: %w", arn, err)
		}
	}
	inactive, err := r.revisions(ctx, types.TaskDefinitionStatusInactive)
	if err != nil {
		return 0, err
	}
	for batch := range slices.Chunk(inactive, deletedAtOnce) {
		deleted, err := r.clients.ECS.DeleteTaskDefinitions(ctx, &ecs.DeleteTaskDefinitionsInput{TaskDefinitions: batch})
		if err != nil {
			return 0, fmt.Errorf("delete revisions of the task definition: %w", err)
		}
		for _, failure := range deleted.Failures {
			return 0, fmt.Errorf("delete %s: %s", aws.ToString(failure.Arn), aws.ToString(failure.Reason))
		}
	}
	return len(inactive), nil
}

// revisions are the revisions of the run's task definition with a status.
func (r *run) revisions(ctx context.Context, status types.TaskDefinitionStatus) ([]string, error) {
	var arns []string
	pages := ecs.NewListTaskDefinitionsPaginator(r.clients.ECS, &ecs.ListTaskDefinitionsInput{FamilyPrefix: &r.target.Name, Status: status})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the revisions of the task definition: %w", err)
		}
		arns = append(arns, page.TaskDefinitionArns...)
	}
	return arns, nil
}
