# Made from the templates of CloudFormation by `make templates`.

output "MemberRole" {
  description = "Name of the role that the hub enters"
  value       = aws_cloudformation_stack.member.outputs["MemberRole"]
}
