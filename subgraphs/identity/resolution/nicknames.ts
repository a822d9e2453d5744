/** Given names that one person may go by, a group a line; the first stands for all. Names in two groups would be ambiguous. */
const GROUPS = `
abigail abby abbie gail
abraham abe bram
adelaide addie heidi adelheid
albert al bert bertie alberto
alexander alex alexandra alec sandra sandy sascha sasha lexi alexandre alejandro alejandra alessandro alessandra sandro
alfred alf alfie fred freddie freddy
andrew andy drew andreas andre andrea andres
angela angie angelina
anthony tony antony anton antonio antoine toni
arthur art artie
barbara barb barbie babs
benjamin ben benny benji
bernard bernie bernd bernhard
bradley brad
caroline carol carrie carolyn carolina
catherine cathy kathy kate katie kat kathryn katherine katharine katharina kathleen katrina cathryn kitty catalina caterina
charles charlie chuck chas carlos carlo karl carl
christine chris christopher christina christian tina chrissy kris kristin kristina kristen christoph christophe cristina cristian kit
cynthia cindy
daniel dan danny dani danielle daniela
david dave davy davey davide
deborah deb debbie debra debby
dennis denny denis
dominic dom nick nicholas nicky nicolas nico niko nikolaus klaus nicola nicole dominik
donald don donnie
dorothy dot dottie dolly
douglas doug
edward ed eddie ned ted teddy theodore theo eduardo edoardo eddy
eleanor ellie nell nora
elizabeth liz lizzie beth betty betsy eliza elisabeth lisa elsie bess libby lis elise elisa isabel isabella bella
emily em emma emmy
eugene gene
florence flo
frances fran francis frank frankie francesca francesco francisco francois francoise paco franz franziska franco
gabriel gabe gabriella gabrielle gabi gaby
gerald gerry jerry gerard jeremiah gerhard
gregory greg gregg gregor
harold harry hal henry hank heinrich henri enrico enrique
helen nellie helena helene elena
howard howie
ignacio nacho
jacob jake jakob
james jim jimmy jamie jaime santiago
janet jan
jennifer jen jenny jenn
jeffrey jeff geoffrey geoff
jessica jess jessie
joan joanie joanna joanne jo
john jon johnny jack jonathan johannes hans johann juan giovanni gianni
joseph joe joey jose josef pepe giuseppe beppe josephine josie
joshua josh
judith judy judi jutta
kenneth ken kenny
kimberly kim kimberley
lawrence larry laurence lorenzo laurent
leonard len lenny leo leonardo
louis lou louise lewis luis luigi ludwig louisa luisa luise
margaret maggie meg peggy marge margie margarita greta gretchen margarete marguerite margherita rita daisy
martin marty
mary maria marie molly polly marion mimi
matthew matt matty matthias mateo matteo matthieu mathieu
megan meghan
melissa mel missy melanie
michael mike mick mickey mikey michel miguel michele micheal
mitchell mitch
nancy nan ann anne anna annie hannah nina
nathaniel nathan nat nate
pamela pam
patrick pat patricia patty paddy trish tricia patti patrizia patrice
peter pete pedro pierre pietro piotr
philip phil phillip felipe philippe filippo
rachel rach
raymond ray ramon
rebecca becky becca
richard rick ricky rich richie dick ricardo riccardo
robert bob bobby rob robbie bert roberto bobbie robin
ronald ron ronnie
russell russ
samuel sam sammy samantha
sarah sally sadie sara
sebastian seb bastian sebastien
stephen steve steven stephan stefan stevie steph stephanie stefano esteban etienne stefanie
stanley stan
susan sue susie suzy suzanne susanne
teresa terry theresa tess terri therese terence terrence
thomas tom tommy tomas tommaso
timothy tim timmy
tobias toby
valerie val
veronica ronnie
victor vic victoria vicky vicki tori
vincent vince vinny vincenzo vicente
virginia ginny
walter walt wally
wilhelmina mina
william bill billy will willie willy liam wilhelm guillermo guillaume guglielmo
yvonne
zachary zach zack
`;

/** Nickname or variant → the name that stands for its group, folded. */
export const NICKNAMES: ReadonlyMap<string, string> = readGroups();

function readGroups(): Map<string, string> {
  const names = new Map<string, string>();
  for (const line of GROUPS.trim().split('\n')) {
    const [canonical = '', ...others] = line.split(' ');
    for (const name of [canonical, ...others]) if (!names.has(name)) names.set(name, canonical);
  }
  return names;
}
