export interface Department {
  readonly name: string;
  readonly number: string;
  /** Of ten thousand people, how many work here. */
  readonly share: number;
  readonly head: string;
  readonly lead: string;
  readonly titles: readonly string[];
}
/** The management is one person, who has no share; the other shares add up to 10,000. */
export const departments: readonly [Department, ...Department[]] = [
  { name: 'Management', number: '100', share: 0, head: 'Managing Director', lead: 'Director', titles: [] },
  {
    name: 'Engineering',
    number: '200',
    share: 2600,
    head: 'Chief Technology Officer',
    lead: 'Engineering Manager',
    titles: ['Engineer', 'Senior Engineer', 'Test Engineer', 'Designer'],
  },
  {
    name: 'Production',
    number: '300',
    share: 2400,
    head: 'Head of Production',
    lead: 'Shift Supervisor',
    titles: ['Technician', 'Machinist', 'Quality Inspector'],
  },
  {
    name: 'Sales',
    number: '400',
    share: 1500,
    head: 'Head of Sales',
    lead: 'Regional Sales Manager',
    titles: ['Account Manager', 'Sales Representative', 'Sales Assistant'],
  },
  {
    name: 'Customer Service',
    number: '450',
    share: 1200,
    head: 'Head of Customer Service',
    lead: 'Service Team Lead',
    titles: ['Service Agent', 'Field Technician'],
  },
  {
    name: 'Logistics & Purchasing',
    number: '500',
    share: 900,
    head: 'Head of Logistics',
    lead: 'Warehouse Manager',
    titles: ['Buyer', 'Dispatcher', 'Warehouse Operative'],
  },
  {
    name: 'Finance',
    number: '600',
    share: 600,
    head: 'Chief Financial Officer',
    lead: 'Finance Manager',
    titles: ['Accountant', 'Controller', 'Payroll Clerk'],
  },
  {
    name: 'IT',
    number: '700',
    share: 400,
    head: 'Head of IT',
    lead: 'IT Manager',
    titles: ['System Administrator', 'Support Analyst'],
  },
  {
    name: 'Human Resources',
    number: '800',
    share: 300,
    head: 'Head of Human Resources',
    lead: 'HR Manager',
    titles: ['HR Partner', 'Recruiter'],
  },
  {
    name: 'Legal',
    number: '900',
    share: 100,
    head: 'General Counsel',
    lead: 'Senior Counsel',
    titles: ['Counsel', 'Paralegal'],
  },
];
