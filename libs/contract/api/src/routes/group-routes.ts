import { createGroup, groupPage, groupView, listGroups, listMembers, memberPage, memberView, putMember, updateGroup } from '../groups.ts';
import { route } from '../route.ts';

export const groupRoutes = {
  listGroups: route({
    method: 'GET',
    path: '/api/v1/groups',
    access: 'group.read',
    summary: 'The groups that the caller may see, with their role there.',
    query: listGroups,
    answer: groupPage,
  }),
  createGroup: route({
    method: 'POST',
    path: '/api/v1/groups',
    access: 'group.create',
    summary: 'Create a group.',
    body: createGroup,
    answer: groupView,
    status: 201,
  }),
  readGroup: route({ method: 'GET', path: '/api/v1/groups/:id', access: 'group.read', summary: 'One group.', answer: groupView }),
  updateGroup: route({
    method: 'PATCH',
    path: '/api/v1/groups/:id',
    access: 'group.update',
    summary: 'Rename a group.',
    body: updateGroup,
    answer: groupView,
    revisioned: true,
  }),
  removeGroup: route({
    method: 'DELETE',
    path: '/api/v1/groups/:id',
    access: 'group.remove',
    summary: 'Remove a group that has no nodes, with its memberships and registration tokens.',
    status: 204,
  }),
  listMembers: route({
    method: 'GET',
    path: '/api/v1/groups/:id/members',
    access: 'member.read',
    summary: 'Who is in a group, as what.',
    query: listMembers,
    answer: memberPage,
  }),
  putMember: route({
    method: 'PUT',
    path: '/api/v1/groups/:id/members/:username',
    access: 'member.manage',
    summary: 'Make a user a member, or change their role and limits.',
    body: putMember,
    answer: memberView,
  }),
  removeMember: route({
    method: 'DELETE',
    path: '/api/v1/groups/:id/members/:username',
    access: 'member.manage',
    summary: 'Take a user out of a group.',
    status: 204,
  }),
};
