# Made from the templates of CloudFormation by `make templates`.

output "StackSetId" {
  description = "The StackSet of the members"
  value       = aws_cloudformation_stack.organization.outputs["StackSetId"]
}
