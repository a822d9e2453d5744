import type { NicknameGroups } from '../compare/name-table.ts';
import document from './nicknames.json';
import { foldName, withoutDigraphs } from './text.ts';

/**
 * What the public list, which is of English names, lacks: short forms of other languages, and the forms one name has in
 * several. The first of a line is the formal name.
 */
const SUPPLEMENT = `
alejandro alex jandro ale sandro
aleksandr alexander sasha sascha alex alexandr aliaksandr oleksandr
alexandra sasha alex sandra alessandra alejandra
anastasia nastia nastya nastassia stasia anastassia
andreas andi andre andrea andrew andrei andrzej
anna ana anne anja anya annie
antonio toni tonio antoine anton antony
benjamin benni beni
carlos carlo charles karl
christoph chris christophe cristoforo christopher
dmitri dima mitya dmitry
edoardo edo eduardo edward
eduardo edu lalo
elisabeth elli lisa lise liesel elizabeth isabel
ernesto neto
federico fede chicco frederick
fernando nando fer
francesco checco franco cesco francis
francisco paco pancho kiko curro fran francis
franziska franzi sissi
friedrich fritz frederick
georg jorg schorsch george jorge giorgio georges
giovanni gianni vanni nino john
giuseppe beppe peppe pino joseph
guadalupe lupe
guillermo guille memo william
gunther gunter guenther
hans johann johannes hannes john
heinrich heinz heiner henry
ignacio nacho
ivan vanya
jeanpierre jp
jesus chucho chus
joachim achim jochen
jose pepe joseph
josefa pepa fina
juan juanito john
katarzyna kasia
katharina kathi katja kathrin katrin kati catherine
lorenzo renzo lawrence laurent
louis luis luigi lewis loulou ludwig
luisa lulu louise
malgorzata gosia
manuel manolo manu manny emanuel
margarete grete gretel greta margaret margarita marguerite
maria mariechen mia marie mary mari
mario super
matthias matze hias matteo matthew mateo mathieu
maximilian max maxi
michael michi mikhail misha michel miguel michele mihail
mohammed mohamed muhammad mohammad muhammed mhd mohd md
nikolaus klaus niklas nicolas nikolai nicholas nicola
pablo paul paolo pavel
pedro perico peter pierre pietro piotr petr
philippe phil felipe filippo philip
rafael rafa raphael raffaele
ricardo richard riccardo
roberto rob beto tito robert
rosario charo
salvatore totò toto turi salvador
sebastian basti seba sebastien
stefan steffen stefano stephan etienne esteban steven stephen
susanne susi sanne susan susanna suzanne
tatiana tania tanya
theresa resi therese teresa
ulrich uli ulli
vincenzo enzo vincent vicente
vladimir vova volodya
wilhelm willi willy william
wolfgang wolf
yekaterina katya ekaterina catherine
`;

/** Name → the formal names it may stand for, itself first, without digraphs as the engine's names are; names that stand for themselves alone are left out. */
export const NICKNAME_GROUPS: NicknameGroups = readGroups([
  ...document.formalThenNicknames,
  ...SUPPLEMENT.trim().split('\n'),
]);

function readGroups(lines: readonly string[]): NicknameGroups {
  const groups = new Map<string, string[]>();
  const add = (name: string, formal: string): void => {
    const known = groups.get(name);
    if (!known) groups.set(name, [name, ...(name === formal ? [] : [formal])]);
    else if (!known.includes(formal)) known.push(formal);
  };
  for (const line of lines) {
    const [formal = '', ...names] = line.split(' ').map((name) => withoutDigraphs(foldName(name)));
    add(formal, formal);
    for (const name of names) add(name, formal);
  }
  return groups;
}
